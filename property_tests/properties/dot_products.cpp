/// P26: the error of a dot product.
#include <algorithm>
#include <bit>

#include "pamkit/properties/property.hpp"
#include "pamkit/reference/rational.hpp"
#include "statement_parts.hpp"

namespace pamkit::properties::statements {
namespace {

// Exponents stay within this many of 1.0, so that exact products and their sums are 128-bit
// integers in one unit: products are multiples of 2^-(2 reach + 46) below 2^(2 reach + 2).
constexpr int kReach = 8;
constexpr int kUnit = -2 * kReach - 46;

const format_description& single() {
  static const format_description f = describe(binary32{});
  return f;
}

bool is_moderate(std::uint32_t x) {
  return single().is_zero(x) ||
         (single().is_normal(x) && std::abs(normal_exponent(single(), x)) <= kReach);
}

void to_moderate(contraction_case& c) {
  for (column* operand : {&c.a, &c.b}) {
    for (std::uint32_t& x : *operand) {
      if (is_moderate(x)) continue;
      const std::uint32_t field = 127 - kReach + (x >> 23 & 0xFF) % (2 * kReach + 1);
      x = (x & 0x807FFFFF) | field << 23;
    }
  }
}

bool all_moderate(const subject&, const contraction_case& c) {
  return c.k > 0 && c.k <= 4096 && !c.a.empty() && !c.b.empty() &&
         std::ranges::all_of(c.a, is_moderate) && std::ranges::all_of(c.b, is_moderate);
}

int128 in_units(bool negative, scaled_integer x) {
  const int128 m = int128{static_cast<std::int64_t>(x.significand)} << (x.exponent - kUnit);
  return negative ? -m : m;
}

// A binary32 number in units; nothing where it is too small or too large to be such a sum.
std::optional<int128> sum_in_units(std::uint32_t x) {
  if (!single().is_finite(x)) return std::nullopt;
  const scaled_integer m = exact_magnitude(single(), x);
  if (m.significand == 0) return 0;
  if (m.exponent < kUnit || m.exponent > 40) return std::nullopt;
  return in_units(single().sign(x), m);
}

// abs(sum - exact) <= (B + gamma) S, with S the sum of abs(a_i b_i), B the promised bound of one
// product and gamma = k u / (1 - k u), u = 2^-24, the bound of k roundings in any order. A product
// is at most (1 + B) abs(a_i b_i), so the roundings get that factor.
bool is_within(const promises& p, std::int64_t k, const int128& sum, const int128& exact,
               const int128& absolute) {
  using reference::integer;
  using reference::rational;
  const auto of = [](const fraction& f) {
    return rational::ratio(integer(f.numerator), integer(f.denominator));
  };
  const rational bound = std::max(abs(of(p.min_relative_error)), abs(of(p.max_relative_error)));
  const rational gamma = rational::ratio(integer(k), integer((std::int64_t{1} << 24) - k));
  const rational error = abs(rational(integer(sum)) - rational(integer(exact)));
  return error <= (bound + gamma * (1 + std::max(rational(0), of(p.max_relative_error)))) *
                      rational(integer(absolute));
}

std::optional<contraction_mismatch> stays_within_bound(const subject& s,
                                                       const contraction_case& c) {
  const column sums = contract(s, contraction_kind::product, derivative::approx, c);
  std::size_t next = 0;
  for (std::int64_t i = 0; i < c.batch; ++i) {
    for (std::int64_t r = 0; r < c.m; ++r) {
      for (std::int64_t j = 0; j < c.n; ++j, ++next) {
        if (next >= 64 && next % 7 != 0) continue;
        int128 exact = 0;
        int128 absolute = 0;
        double nearest = 0;
        for (std::int64_t t = 0; t < c.k; ++t) {
          const std::uint32_t a = c.a[static_cast<std::size_t>((i * c.m + r) * c.k + t)];
          const std::uint32_t b = c.b[static_cast<std::size_t>((i * c.k + t) * c.n + j)];
          const scaled_integer product =
              exact_magnitude(single(), a) * exact_magnitude(single(), b);
          const int128 term =
              product.significand == 0 ? 0 : in_units((a ^ b) >> 31 != 0, product);
          exact += term;
          absolute += term < 0 ? -term : term;
          nearest += double{std::bit_cast<float>(a)} * std::bit_cast<float>(b);  // shown only
        }
        const auto got = sum_in_units(sums[next]);
        if (got && is_within(s.promised(), c.k, *got, exact, absolute)) continue;
        return contraction_mismatch{
            sums[next], std::bit_cast<std::uint32_t>(static_cast<float>(nearest))};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<statement> dot_products() {
  return {contraction_property{
      .text = {.id = "P26",
               .sentence = "abs(dot - exact) is at most the bound of one product (1/9 for pam) "
                           "times sum abs(a_i b_i), and the roundings of the sum",
               .domain = "zeros and normal numbers between 2^-8 and 2^9",
               .operation = "matmul",
               .promise = "has_error_bounds",
               .promised = [](const promises& p) { return p.has_error_bounds; }},
      .in_domain = all_moderate,
      .adapt = to_moderate,
      .evaluate = stays_within_bound}};
}

}  // namespace pamkit::properties::statements
