/// P45: what a product of matrices does under permutation, scaling, padding, selection and
/// transposition.
#include <algorithm>
#include <bit>
#include <numeric>

#include "pamkit/properties/property.hpp"
#include "statement_range.hpp"

namespace pamkit::properties::statements {
namespace {

// All operands are widened to binary32 before any statement sees them.
const format_description& single() {
  static const format_description f = describe(binary32{});
  return f;
}

column product(const subject& s, const contraction_case& c) {
  return contract(s, contraction_kind::product, derivative::approx, c);
}

std::optional<contraction_mismatch> first_difference(const column& got, const column& expected) {
  const auto [g, e] = std::ranges::mismatch(got, expected);
  if (g == got.end() && e == expected.end()) return std::nullopt;
  return contraction_mismatch{g == got.end() ? 0 : *g, e == expected.end() ? 0 : *e};
}

// The elements of a [batch, rows, columns] tensor read in another order of its rows and columns.
template <class Source>
column rearranged(const column& x, std::int64_t batch, std::int64_t rows, std::int64_t columns,
                  const Source& source) {
  column result;
  for (std::int64_t i = 0; i < batch; ++i) {
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c) {
        result.push_back(x[static_cast<std::size_t>(i * rows * columns + source(r, c))]);
      }
    }
  }
  return result;
}

bool any_case(const subject&, const contraction_case&) { return true; }

// Rows in reverse order; columns rotated by one.
column rows_reversed(const column& x, std::int64_t batch, std::int64_t rows, std::int64_t columns) {
  return rearranged(x, batch, rows, columns,
                    [=](std::int64_t r, std::int64_t c) { return (rows - 1 - r) * columns + c; });
}
column columns_rotated(const column& x, std::int64_t batch, std::int64_t rows,
                       std::int64_t columns) {
  return rearranged(x, batch, rows, columns, [=](std::int64_t r, std::int64_t c) {
    return r * columns + (c + 1) % columns;
  });
}

std::optional<contraction_mismatch> permutes(const subject& s, const contraction_case& c) {
  contraction_case permuted = c;
  permuted.a = rows_reversed(c.a, c.batch, c.m, c.k);
  permuted.b = columns_rotated(c.b, c.batch, c.k, c.n);
  const column expected =
      columns_rotated(rows_reversed(product(s, c), c.batch, c.m, c.n), c.batch, c.m, c.n);
  return first_difference(product(s, permuted), expected);
}

constexpr int kReach = 16;   // of the exponents below
constexpr int kScaling = 5;    // of A by 2^5
constexpr int kNarrowing = -3;  // of B by 2^-3

// Normal numbers near 1.0, and zeros: no sum of their products leaves the normal range except to
// zero, since all terms are multiples of 2^(-2 (reach + 23)).
bool is_moderate(const column& x) {
  return std::ranges::all_of(x, [](std::uint32_t e) {
    return single().is_zero(e) ||
           (single().is_normal(e) && std::abs(normal_exponent(single(), e)) <= kReach);
  });
}

bool both_moderate(const subject&, const contraction_case& c) {
  return is_moderate(c.a) && is_moderate(c.b);
}

column scaled(column x, int k) {
  for (std::uint32_t& e : x) {
    if (!single().is_zero(e)) e += static_cast<std::uint32_t>(k) << single().fraction_bits;
  }
  return x;
}

std::optional<contraction_mismatch> scales(const subject& s, const contraction_case& c) {
  contraction_case larger = c;
  larger.a = scaled(c.a, kScaling);
  const column plain = product(s, c);
  if (const auto d = first_difference(product(s, larger), scaled(plain, kScaling))) return d;
  larger.b = scaled(c.b, kNarrowing);
  return first_difference(product(s, larger), scaled(plain, kScaling + kNarrowing));
}

bool both_finite(const subject&, const contraction_case& c) {
  const auto finite = [](std::uint32_t e) { return single().is_finite(e); };
  return std::ranges::all_of(c.a, finite) && std::ranges::all_of(c.b, finite);
}

// Zeros of both signs before, between and after the terms.
std::optional<contraction_mismatch> ignores_padding(const subject& s, const contraction_case& c) {
  contraction_case padded = c;
  padded.k = 2 * c.k + 1;
  padded.a.clear();
  padded.b.clear();
  const std::uint32_t minus_zero = single().sign_mask;
  for (std::int64_t i = 0; i < c.batch; ++i) {
    for (std::int64_t r = 0; r < c.m; ++r) {
      padded.a.push_back(0);
      for (std::int64_t t = 0; t < c.k; ++t) {
        padded.a.push_back(c.a[static_cast<std::size_t>((i * c.m + r) * c.k + t)]);
        padded.a.push_back(t % 2 == 0 ? minus_zero : 0);
      }
    }
    padded.b.insert(padded.b.end(), static_cast<std::size_t>(c.n), 0);
    for (std::int64_t t = 0; t < c.k; ++t) {
      const auto row = c.b.begin() + (i * c.k + t) * c.n;
      padded.b.insert(padded.b.end(), row, row + c.n);
      // What meets a zero may be any finite number.
      padded.b.insert(padded.b.end(), static_cast<std::size_t>(c.n),
                      t % 3 == 0 ? 0 : single().max_finite);
    }
  }
  return first_difference(product(s, padded), product(s, c));
}

bool finite_a(const subject&, const contraction_case& c) {
  return c.k > 0 && std::ranges::all_of(c.a, [](std::uint32_t e) { return single().is_finite(e); });
}

// Column j of b selects one column of a.
std::optional<contraction_mismatch> copies(const subject& s, const contraction_case& c) {
  const auto selected = [&](std::int64_t j) { return (3 * j + 1) % c.k; };
  contraction_case one_hot = c;
  std::ranges::fill(one_hot.b, 0);
  for (std::int64_t i = 0; i < c.batch; ++i) {
    for (std::int64_t j = 0; j < c.n; ++j) {
      one_hot.b[static_cast<std::size_t>((i * c.k + selected(j)) * c.n + j)] = single().one;
    }
  }
  // A subnormal is flushed or kept as the arithmetic's product by 1 does it.
  configuration rules = s.rules();
  rules.format = binary32{};
  rules.compensation = 0;
  const column ones(c.a.size(), single().one);
  column times_one(c.a.size());
  s.implementation().elementwise("mul", rules.arithmetic)(rules, c.a.data(), ones.data(),
                                                          times_one.data(), times_one.size());
  column expected;
  for (std::int64_t i = 0; i < c.batch * c.m; ++i) {
    for (std::int64_t j = 0; j < c.n; ++j) {
      const auto at = static_cast<std::size_t>(i * c.k + selected(j));
      const std::uint32_t x = single().is_subnormal(c.a[at]) ? times_one[at] : c.a[at];
      expected.push_back(single().is_zero(x) ? 0 : x);
    }
  }
  return first_difference(product(s, one_hot), expected);
}

void b_to_powers(contraction_case& c) {
  for (std::uint32_t& e : c.b) e = to_power_of_two(single(), e);
}

bool moderate_by_powers(const subject&, const contraction_case& c) {
  const auto is_power = [](std::uint32_t e) { return is_normal_power_of_two(single(), e); };
  return is_moderate(c.a) && is_moderate(c.b) && std::ranges::all_of(c.b, is_power);
}

std::optional<contraction_mismatch> equals_ieee(const subject& s, const contraction_case& c) {
  column expected;
  for (std::int64_t i = 0; i < c.batch; ++i) {
    for (std::int64_t r = 0; r < c.m; ++r) {
      for (std::int64_t j = 0; j < c.n; ++j) {
        float sum = 0;
        for (std::int64_t t = 0; t < c.k; ++t) {
          const auto a = c.a[static_cast<std::size_t>((i * c.m + r) * c.k + t)];
          const auto b = c.b[static_cast<std::size_t>((i * c.k + t) * c.n + j)];
          const float term = std::bit_cast<float>(a) * std::bit_cast<float>(b);
          sum += term;
        }
        expected.push_back(std::bit_cast<std::uint32_t>(sum));
      }
    }
  }
  return first_difference(product(s, c), expected);
}

column transposed(const column& x, std::int64_t batch, std::int64_t rows, std::int64_t columns) {
  column result;
  for (std::int64_t i = 0; i < batch; ++i) {
    for (std::int64_t c = 0; c < columns; ++c) {
      for (std::int64_t r = 0; r < rows; ++r) {
        result.push_back(x[static_cast<std::size_t>((i * rows + r) * columns + c)]);
      }
    }
  }
  return result;
}

std::optional<contraction_mismatch> transposes(const subject& s, const contraction_case& c) {
  contraction_case exchanged = c;
  std::swap(exchanged.m, exchanged.n);
  exchanged.a = transposed(c.b, c.batch, c.k, c.n);
  exchanged.b = transposed(c.a, c.batch, c.m, c.k);
  return first_difference(product(s, exchanged), transposed(product(s, c), c.batch, c.m, c.n));
}

property_text text(std::string_view part, std::string_view sentence, std::string_view domain, std::string_view promise,
                   bool (*promised)(const promises&)) {
  return {.id = "P45",
          .part = part,
          .sentence = sentence,
          .domain = domain,
          .operation = "matmul",
          .promise = promise,
          .promised = promised};
}

}  // namespace

std::vector<statement> matrix_products() {
  return {
      contraction_property{.text = text("permutation", "permuting rows of A and columns of B permutes the result",
                                        "permutation; all operands", "", nullptr),
                           .in_domain = any_case,
                           .evaluate = permutes},
      contraction_property{
          .text = text("scaling", "scaling A or B by 2^k scales the result", "scaling; operands of moderate size",
                       "scales_by_powers_of_two",
                       [](const promises& p) { return p.scales_by_powers_of_two; }),
          .in_domain = both_moderate,
          .evaluate = scales},
      contraction_property{.text = text("padding", "padding the summed axis with zeros changes nothing",
                                        "padding; finite operands", "zero_padding",
                                        [](const promises& p) { return p.zero_padding; }),
                           .in_domain = both_finite,
                           .evaluate = ignores_padding},
      contraction_property{
          .text = text("one-hot", "a one-hot B copies A, -0 as +0", "one-hot B; A finite",
                       "identity and zero_annihilates",
                       [](const promises& p) { return p.identity && p.zero_annihilates; }),
          .in_domain = finite_a,
          .evaluate = copies},
      contraction_property{
          .text = text("powers-of-two", "with powers of two in B it is the IEEE product in the same order",
                       "B of powers of two; operands of moderate size", "exact_by_powers_of_two",
                       [](const promises& p) { return p.exact_by_powers_of_two; }),
          .in_domain = moderate_by_powers,
          .adapt = b_to_powers,
          .evaluate = equals_ieee},
      contraction_property{
          .text = text("transposition", "the transpose of A B is B^T A^T", "transposition; all operands",
                       "commutative", [](const promises& p) { return p.commutative; }),
          .in_domain = any_case,
          .evaluate = transposes},
  };
}

}  // namespace pamkit::properties::statements
