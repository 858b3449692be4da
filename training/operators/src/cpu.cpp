#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <bit>

#include "choice.hpp"
#include "encode.hpp"
#include "pamkit/detail/sum.hpp"
#include "pamkit/operators/contraction.hpp"
#include "pamkit/tensor/stored_format.hpp"
#include "shapes.hpp"

/// The operators on CPU tensors.

namespace pamkit::operators {
namespace {

using std::string_view;

// Narrow elements are widened where the kernels read them.
matrix_view view_of(const at::Tensor& t) {
  matrix_view v{nullptr, t.stride(-2), t.stride(-1), t.dim() == 3 ? t.stride(0) : 0};
  v.format = stored_format(format_of("pamkit", t.scalar_type()));
  if (v.format == element_format::binary32) {
    v.data = t.const_data_ptr<float>();
  } else {
    v.narrow = t.const_data_ptr();
  }
  return v;
}

// A matrix as its product reads it: cut where the rules say so.
at::Tensor factor(const at::Tensor& t, const configuration& rules) {
  return t.scalar_type() == at::kFloat ? operand(t, rules) : t;
}

matrix_output output_of(at::Tensor& t) {
  return {t.mutable_data_ptr<float>(), t.stride(-2), t.stride(-1),
          t.dim() == 3 ? t.stride(0) : 0};
}

float sum_of(float a, float b) {
  return std::bit_cast<float>(
      detail::add({std::bit_cast<std::uint32_t>(a)}, {std::bit_cast<std::uint32_t>(b)}).bits);
}

// The contraction into `out`, float32 in its final layout.
void contract_into(at::Tensor& out, contraction_kind kind, const choice& chosen,
                   const configuration& rules, const at::Tensor& a, const at::Tensor& b,
                   const at::Tensor& d) {
  contraction_problem problem{.batch = a.dim() == 3 ? a.size(0) : 1,
                              .m = a.size(-2),
                              .n = b.size(-1),
                              .k = a.size(-1),
                              .a = view_of(a),
                              .b = view_of(b),
                              .d = {},
                              .out = output_of(out)};
  if (d.defined()) problem.d = view_of(d);
  if (out.numel() != 0) contract({kind, chosen.gradient, rules, problem});
}

at::Tensor product(const choice& chosen, const configuration& rules, const at::Tensor& a,
                   const at::Tensor& b) {
  sizes shape = a.sizes().vec();
  shape.back() = b.size(-1);
  at::Tensor out = at::empty(shape, a.options().dtype(at::kFloat));
  contract_into(out, contraction_kind::product, chosen, rules, factor(a, rules),
                factor(b, rules), {});
  return out;
}

at::Tensor matmul_cpu(const at::Tensor& a, const at::Tensor& b, string_view arithmetic,
                      string_view gradient) {
  const sizes shape = matmul_sizes(a, b);
  const choice chosen = parse_choice("pamkit::matmul", arithmetic, gradient);
  const configuration rules = configuration_of("pamkit::matmul", chosen, a.scalar_type());
  return encoded(product(chosen, rules, as_rows(a), b), a.scalar_type(), rules).view(shape);
}

at::Tensor bmm_cpu(const at::Tensor& a, const at::Tensor& b, string_view arithmetic,
                   string_view gradient) {
  bmm_sizes(a, b);
  const choice chosen = parse_choice("pamkit::bmm", arithmetic, gradient);
  const configuration rules = configuration_of("pamkit::bmm", chosen, a.scalar_type());
  return encoded(product(chosen, rules, a, b), a.scalar_type(), rules);
}

void add_bias(at::Tensor& rows, const at::Tensor& bias) {
  const at::Tensor addend = widened(bias).contiguous();
  const float* const from = addend.const_data_ptr<float>();
  float* const to = rows.mutable_data_ptr<float>();
  const std::int64_t n = rows.size(1);
  at::parallel_for(0, rows.size(0), 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      for (std::int64_t j = 0; j < n; ++j) to[row * n + j] = sum_of(to[row * n + j], from[j]);
    }
  });
}

at::Tensor linear_cpu(const at::Tensor& x, const at::Tensor& weight,
                      const std::optional<at::Tensor>& bias, string_view arithmetic,
                      string_view gradient) {
  const sizes shape = linear_sizes(x, weight, bias);
  const choice chosen = parse_choice("pamkit::linear", arithmetic, gradient);
  const configuration rules = configuration_of("pamkit::linear", chosen, x.scalar_type());
  at::Tensor rows = product(chosen, rules, as_rows(x), weight.t());
  if (bias.has_value() && bias->defined()) add_bias(rows, *bias);
  return encoded(rows, x.scalar_type(), rules).view(shape);
}

at::Tensor product_vjp_a_cpu(const at::Tensor& a, const at::Tensor& b, const at::Tensor& d,
                             string_view arithmetic, string_view gradient) {
  constexpr const char* op = "pamkit::product_vjp_a";
  check_product_vjp(op, a, b, d);
  const choice chosen = parse_choice(op, arithmetic, gradient);
  check_derivative(op, chosen);
  const configuration rules = configuration_of(op, chosen, a.scalar_type());
  at::Tensor out = at::empty(a.sizes(), a.options().dtype(at::kFloat));
  contract_into(out, contraction_kind::vjp_a, chosen, rules, factor(a, rules), factor(b, rules),
                factor(d, rules));
  return encoded(out, a.scalar_type(), rules);
}

at::Tensor product_vjp_b_cpu(const at::Tensor& a, const at::Tensor& b, const at::Tensor& d,
                             string_view arithmetic, string_view gradient) {
  constexpr const char* op = "pamkit::product_vjp_b";
  check_product_vjp(op, a, b, d);
  const choice chosen = parse_choice(op, arithmetic, gradient);
  check_derivative(op, chosen);
  const configuration rules = configuration_of(op, chosen, a.scalar_type());
  // A weight comes transposed; its gradient is then laid out like the weight.
  const bool by_columns = b.stride(-1) != 1 && b.stride(-2) == 1;
  const auto options = b.options().dtype(at::kFloat);
  sizes shape = b.sizes().vec();
  if (by_columns) std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
  at::Tensor laid_out = at::empty(shape, options);
  at::Tensor out = by_columns ? laid_out.transpose(-2, -1) : laid_out;
  contract_into(out, contraction_kind::vjp_b, chosen, rules, factor(a, rules), factor(b, rules),
                factor(d, rules));
  const at::Tensor result = encoded(laid_out, b.scalar_type(), rules);
  return by_columns ? result.transpose(-2, -1) : result;
}

// Rows of a block of section "reductions over rows".
constexpr std::int64_t kBlockRows = 128;

// Columns [begin, end) of the sum.
void sum_columns(const float* rows, std::int64_t row_count, std::int64_t n, std::int64_t begin,
                 std::int64_t end, float* sum) {
  const auto width = static_cast<std::size_t>(end - begin);
  std::vector<float> block(width);
  std::fill(sum + begin, sum + end, 0.0F);
  for (std::int64_t first = 0; first < row_count; first += kBlockRows) {
    std::fill(block.begin(), block.end(), 0.0F);
    const std::int64_t last = std::min(row_count, first + kBlockRows);
    for (std::int64_t row = first; row < last; ++row) {
      const float* const from = rows + row * n + begin;
      for (std::size_t j = 0; j < width; ++j) block[j] = sum_of(block[j], from[j]);
    }
    for (std::size_t j = 0; j < width; ++j) sum[begin + static_cast<std::int64_t>(j)] =
        sum_of(sum[begin + static_cast<std::int64_t>(j)], block[j]);
  }
}

at::Tensor sum_rows_cpu(const at::Tensor& d) {
  const sizes shape = sum_rows_sizes(d);
  // Sums are of no arithmetic: any name gives the same policies.
  const choice chosen = parse_choice("pamkit::sum_rows", "exact", "approx");
  const configuration rules = configuration_of("pamkit::sum_rows", chosen, d.scalar_type());
  const at::Tensor rows = widened(as_rows(d)).contiguous();
  at::Tensor out = at::empty(shape, rows.options());
  const float* const from = rows.const_data_ptr<float>();
  float* const to = out.mutable_data_ptr<float>();
  const std::int64_t n = rows.size(1);
  at::parallel_for(0, n, 32, [&](std::int64_t begin, std::int64_t end) {
    sum_columns(from, rows.size(0), n, begin, end, to);
  });
  return encoded(out, d.scalar_type(), rules);
}

}  // namespace

TORCH_LIBRARY_IMPL(pamkit, CPU, library) {
  library.impl("matmul", matmul_cpu);
  library.impl("bmm", bmm_cpu);
  library.impl("linear", linear_cpu);
  library.impl("product_vjp_a", product_vjp_a_cpu);
  library.impl("product_vjp_b", product_vjp_b_cpu);
  library.impl("sum_rows", sum_rows_cpu);
}

}  // namespace pamkit::operators
