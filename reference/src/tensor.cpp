#include "pamkit/reference/tensor.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "widening.hpp"

namespace pamkit::reference {
namespace {

constexpr std::int64_t kRowsPerBlock = 128;  // of the reductions over rows

void require_rank(const char* operation, const char* name, const dense& x, std::size_t rank) {
  require(x.shape.size() == rank, operation,
          std::string(name) + " has shape " + in_words(x.shape) + ", rank " + std::to_string(rank) +
              " would be right");
}

scalar_oracle product_of(const char* operation, const rules& rules) {
  const scalar_oracle product = find("mul", rules.arithmetic);
  require(product != nullptr, operation, "there is no arithmetic '" + rules.arithmetic + "'");
  return product;
}

scalar_oracle vjp_of(const char* operation, const rules& rules, derivative kind, wrt operand) {
  const scalar_oracle vjp = find_product_vjp(rules.arithmetic, kind, operand);
  require(vjp != nullptr, operation,
          "arithmetic '" + rules.arithmetic + "' has no " +
              (kind == derivative::approx ? "approx" : "exact") + " derivative");
  return vjp;
}

// sum over i = 0 .. count - 1 of term(i), in ascending order from +0.
template <class Term>
std::uint32_t sum_ascending(std::int64_t count, Term term) {
  std::uint32_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum = add_binary32(sum, term(i));
  return sum;
}

// A matrix somewhere in a vector; transposition is a matter of strides.
struct matrix_view {
  std::span<const std::uint32_t> elements;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 0;

  std::uint32_t operator()(std::int64_t row, std::int64_t column) const {
    return elements[static_cast<std::size_t>(row * row_stride + column * column_stride)];
  }
};

struct sizes {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
};

// The three sums of a product of matrices a [M, K], b [K, N], d [M, N], each over its own axis.
class contraction {
 public:
  contraction(const rules& rules, sizes size) : rules_(product_rules(rules)), size_(size) {}

  std::vector<std::uint32_t> product(scalar_oracle mul, matrix_view a, matrix_view b) const {
    return table(size_.m, size_.n, [&](std::int64_t m, std::int64_t n) {
      return sum_ascending(size_.k, [&](std::int64_t k) {
        const std::array operands = {a(m, k), b(k, n)};
        return mul(rules_, operands);
      });
    });
  }

  // [M, K], over N
  std::vector<std::uint32_t> vjp_a(scalar_oracle vjp, matrix_view d, matrix_view a,
                                   matrix_view b) const {
    return table(size_.m, size_.k, [&](std::int64_t m, std::int64_t k) {
      return sum_ascending(size_.n, [&](std::int64_t n) {
        const std::array operands = {d(m, n), a(m, k), b(k, n)};
        return vjp(rules_, operands);
      });
    });
  }

  // [K, N], over M
  std::vector<std::uint32_t> vjp_b(scalar_oracle vjp, matrix_view d, matrix_view a,
                                   matrix_view b) const {
    return table(size_.k, size_.n, [&](std::int64_t k, std::int64_t n) {
      return sum_ascending(size_.m, [&](std::int64_t m) {
        const std::array operands = {d(m, n), a(m, k), b(k, n)};
        return vjp(rules_, operands);
      });
    });
  }

 private:
  template <class Element>
  static std::vector<std::uint32_t> table(std::int64_t rows, std::int64_t columns,
                                          Element element) {
    std::vector<std::uint32_t> elements;
    elements.reserve(static_cast<std::size_t>(rows * columns));
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) elements.push_back(element(i, j));
    }
    return elements;
  }

  rules rules_;
  sizes size_;
};

// The part of a batch that belongs to one element, as a row-major matrix.
matrix_view batch_matrix(std::span<const std::uint32_t> elements, std::int64_t batch,
                         std::int64_t rows, std::int64_t columns) {
  const auto size = static_cast<std::size_t>(rows * columns);
  return {elements.subspan(static_cast<std::size_t>(batch) * size, size), columns, 1};
}

void append(std::vector<std::uint32_t>& to, const std::vector<std::uint32_t>& elements) {
  to.insert(to.end(), elements.begin(), elements.end());
}

// Checks a [B, M, K] against b [B, K, N].
sizes batch_sizes(const char* operation, const dense& a, const dense& b) {
  require_rank(operation, "a", a, 3);
  require_rank(operation, "b", b, 3);
  require_fits(operation, "b", b, {a.shape[0], a.shape[2], b.shape[2]});
  return {.m = a.shape[1], .n = b.shape[2], .k = a.shape[2]};
}

dense batch_of_one(const char* operation, const char* name, const dense& x) {
  require_rank(operation, name, x, 2);
  return {{1, x.shape[0], x.shape[1]}, x.encodings};
}

dense without_batch(dense x) {
  x.shape.erase(x.shape.begin());
  return x;
}

dense batched_product(const char* operation, const rules& rules, const dense& a, const dense& b) {
  const sizes size = batch_sizes(operation, a, b);
  const scalar_oracle mul = product_of(operation, rules);
  const auto left = widened(operation, "a", rules, a);
  const auto right = widened(operation, "b", rules, b);
  const contraction contract(rules, size);
  std::vector<std::uint32_t> sums;
  for (std::int64_t i = 0; i < a.shape[0]; ++i) {
    append(sums, contract.product(mul, batch_matrix(left, i, size.m, size.k),
                                  batch_matrix(right, i, size.k, size.n)));
  }
  return encoded(rules, {a.shape[0], size.m, size.n}, std::move(sums));
}

matmul_gradients batched_vjp(const char* operation, const rules& rules, derivative kind,
                             const dense& d, const dense& a, const dense& b) {
  const sizes size = batch_sizes(operation, a, b);
  require_fits(operation, "d", d, {a.shape[0], size.m, size.n});
  const scalar_oracle vjp_a = vjp_of(operation, rules, kind, wrt::a);
  const scalar_oracle vjp_b = vjp_of(operation, rules, kind, wrt::b);
  const auto incoming = widened(operation, "d", rules, d);
  const auto left = widened(operation, "a", rules, a);
  const auto right = widened(operation, "b", rules, b);
  const contraction contract(rules, size);
  std::vector<std::uint32_t> a_sums;
  std::vector<std::uint32_t> b_sums;
  for (std::int64_t i = 0; i < a.shape[0]; ++i) {
    const matrix_view di = batch_matrix(incoming, i, size.m, size.n);
    const matrix_view ai = batch_matrix(left, i, size.m, size.k);
    const matrix_view bi = batch_matrix(right, i, size.k, size.n);
    append(a_sums, contract.vjp_a(vjp_a, di, ai, bi));
    append(b_sums, contract.vjp_b(vjp_b, di, ai, bi));
  }
  return {encoded(rules, a.shape, std::move(a_sums)), encoded(rules, b.shape, std::move(b_sums))};
}

// Checks x [..., K] against weight [N, K]; m is the number of rows of the flattened x.
sizes linear_sizes(const char* operation, const dense& x, const dense& weight) {
  require(!x.shape.empty(), operation, "x has no axis to sum over");
  require_rank(operation, "weight", weight, 2);
  const std::int64_t k = x.shape.back();
  require_fits(operation, "weight", weight, {weight.shape[0], k});
  const std::vector<std::int64_t> leading(x.shape.begin(), x.shape.end() - 1);
  return {.m = element_count(leading), .n = weight.shape[0], .k = k};
}

std::vector<std::int64_t> with_last(std::vector<std::int64_t> shape, std::int64_t last) {
  shape.back() = last;
  return shape;
}

// weight [N, K] read as the right operand [K, N] of the product.
matrix_view transposed_weight(std::span<const std::uint32_t> weight, sizes size) {
  return {weight, 1, size.k};
}

}  // namespace

dense matmul(const rules& rules, const dense& a, const dense& b) {
  return without_batch(batched_product("matmul", rules, batch_of_one("matmul", "a", a),
                                       batch_of_one("matmul", "b", b)));
}

dense bmm(const rules& rules, const dense& a, const dense& b) {
  return batched_product("bmm", rules, a, b);
}

dense linear(const rules& rules, const dense& x, const dense& weight,
             const std::optional<dense>& bias) {
  const sizes size = linear_sizes("linear", x, weight);
  const scalar_oracle mul = product_of("linear", rules);
  const auto inputs = widened("linear", "x", rules, x);
  const auto weights = widened("linear", "weight", rules, weight);
  const contraction contract(rules, size);
  auto sums = contract.product(mul, {inputs, size.k, 1}, transposed_weight(weights, size));
  if (bias) {
    require_fits("linear", "bias", *bias, {size.n});
    const auto offsets = widened("linear", "bias", rules, *bias);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i] = add_binary32(sums[i], offsets[i % offsets.size()]);
    }
  }
  return encoded(rules, with_last(x.shape, size.n), std::move(sums));
}

matmul_gradients matmul_vjp(const rules& rules, derivative kind, const dense& d, const dense& a,
                            const dense& b) {
  auto gradients =
      batched_vjp("matmul_vjp", rules, kind, batch_of_one("matmul_vjp", "d", d),
                  batch_of_one("matmul_vjp", "a", a), batch_of_one("matmul_vjp", "b", b));
  return {without_batch(std::move(gradients.a)), without_batch(std::move(gradients.b))};
}

matmul_gradients bmm_vjp(const rules& rules, derivative kind, const dense& d, const dense& a,
                         const dense& b) {
  return batched_vjp("bmm_vjp", rules, kind, d, a, b);
}

linear_gradients linear_vjp(const rules& rules, derivative kind, const dense& d, const dense& x,
                            const dense& weight) {
  const char* const operation = "linear_vjp";
  const sizes size = linear_sizes(operation, x, weight);
  require_fits(operation, "d", d, with_last(x.shape, size.n));
  const scalar_oracle vjp_x = vjp_of(operation, rules, kind, wrt::a);
  const scalar_oracle vjp_weight = vjp_of(operation, rules, kind, wrt::b);
  const auto incoming = widened(operation, "d", rules, d);
  const auto inputs = widened(operation, "x", rules, x);
  const auto weights = widened(operation, "weight", rules, weight);

  const contraction contract(rules, size);
  const matrix_view rows{inputs, size.k, 1};
  const matrix_view right = transposed_weight(weights, size);
  const matrix_view outputs{incoming, size.n, 1};
  auto dx = contract.vjp_a(vjp_x, outputs, rows, right);
  const auto right_sums = contract.vjp_b(vjp_weight, outputs, rows, right);  // [K, N]
  std::vector<std::uint32_t> dweight;
  dweight.reserve(right_sums.size());
  const matrix_view transposed{right_sums, 1, size.n};
  for (std::int64_t n = 0; n < size.n; ++n) {
    for (std::int64_t k = 0; k < size.k; ++k) dweight.push_back(transposed(n, k));
  }

  std::vector<std::uint32_t> dbias;
  const std::int64_t blocks = (size.m + kRowsPerBlock - 1) / kRowsPerBlock;
  for (std::int64_t n = 0; n < size.n; ++n) {
    dbias.push_back(sum_ascending(blocks, [&](std::int64_t block) {
      const std::int64_t first = block * kRowsPerBlock;
      return sum_ascending(std::min(kRowsPerBlock, size.m - first),
                           [&](std::int64_t row) { return outputs(first + row, n); });
    }));
  }
  return {encoded(rules, x.shape, std::move(dx)), encoded(rules, weight.shape, std::move(dweight)),
          encoded(rules, {size.n}, std::move(dbias))};
}

}  // namespace pamkit::reference
