/// P16 to P18 and P30: relative errors against exact products and quotients, decided in integers.
#include "pamkit/properties/property.hpp"
#include "statement_range.hpp"

namespace pamkit::properties::statements {
namespace {

bool is_half(const format_description& f, std::uint32_t x) {
  return fraction_bits_of(f, x) == f.min_normal / 2;
}

// 1.5 . 1.5, where pam is worst.
std::vector<column> worst_product(const subject& s) {
  const format_description& f = s.format();
  const std::uint32_t one_and_a_half = f.one + f.min_normal / 2;
  return {{one_and_a_half, one_and_a_half}};
}

void product_error(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const promises& p = s.promised();
  const column products = s.mul(x[0], x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i]}) || !is_in_range(s, products[i])) continue;
    const bool within = relative_error_within(
        exact_magnitude(f, products[i]), exact_magnitude(f, x[0][i]) * exact_magnitude(f, x[1][i]),
        p.min_relative_error, p.max_relative_error);
    out.require(i, within, products[i], products[i]);
  }
}

bool has_pam_bound(const promises& p) {
  return p.has_error_bounds &&
         p.min_relative_error.numerator * 9 == -p.min_relative_error.denominator;
}

void worst_only_at_halves(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column products = s.mul(x[0], x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i]}) || !is_in_range(s, products[i])) continue;
    bool attained = false;
    relative_error_within(exact_magnitude(f, products[i]),
                          exact_magnitude(f, x[0][i]) * exact_magnitude(f, x[1][i]), {-1, 9},
                          {0, 1}, &attained);
    const bool halves = is_half(f, x[0][i]) && is_half(f, x[1][i]);
    out.require(i, attained == halves, products[i], products[i]);
  }
}

enum class rounding : std::uint8_t { down, nearest, up };

// The magnitude that IEEE rounding of a positive number gives, with gradual underflow; past MAX
// infinity, that is one unit above MAX, in every direction.
std::int64_t rounded_magnitude(const format_description& f, scaled_integer x, rounding direction) {
  if (x.significand == 0) return 0;
  const int leading = x.exponent + static_cast<int>(std::bit_width(x.significand)) - 1;
  const int unit = std::max(leading, 1 - f.bias) - f.kept_bits;
  const int shift = unit - x.exponent;
  std::uint64_t q = 0;
  if (shift <= 0) {
    q = x.significand << -shift;
  } else {
    const bool vanishes = shift > 63;
    q = vanishes ? 0 : x.significand >> shift;
    const std::uint64_t rest = vanishes ? x.significand : x.significand - (q << shift);
    const std::uint64_t half = vanishes ? ~std::uint64_t{0} : std::uint64_t{1} << (shift - 1);
    const bool up = direction == rounding::up        ? rest != 0
                    : direction == rounding::nearest ? rest > half || (rest == half && (q & 1) != 0)
                                                     : false;
    q += up ? 1 : 0;
  }
  const std::int64_t in_units = static_cast<std::int64_t>(q) << f.dropped_bits;
  // A subnormal is its significand; above, each binade adds one exponent, and a carry of q does so
  // by itself.
  const std::int64_t binades = std::max(leading, 1 - f.bias) - (1 - f.bias);
  const std::int64_t m = in_units + (binades << f.fraction_bits);
  return std::min<std::int64_t>(m, std::int64_t{f.max_finite} + unit_of(f));
}

void never_above_product(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column products = s.mul(x[0], x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    const std::uint32_t a = x[0][i];
    const std::uint32_t b = x[1][i];
    if (!f.is_finite(a) || !f.is_finite(b)) continue;
    const scaled_integer exact = exact_magnitude(f, a) * exact_magnitude(f, b);
    const std::int64_t got = magnitude(f, products[i]);
    // Infinity, or the NaN that stands for it, counts as one unit above MAX.
    const std::int64_t compared =
        std::min<std::int64_t>(got, std::int64_t{f.max_finite} + unit_of(f));
    // A result below the normal range was rounded to nearest itself, and is compared in that
    // direction.
    const bool was_rounded = !s.flushes() && got <= f.min_normal;
    const std::int64_t nearest = rounded_magnitude(f, exact, rounding::nearest);
    bool holds = compared <= nearest && compared <= rounded_magnitude(f, exact, rounding::up);
    std::int64_t bound = nearest;
    if (!was_rounded) {
      bound = rounded_magnitude(f, exact, rounding::down);
      holds = holds && compared <= bound;
    }
    out.require(i, holds, static_cast<std::uint32_t>(got), static_cast<std::uint32_t>(bound));
  }
}

// 1 / 1.5, where pad is worst.
std::vector<column> worst_quotient(const subject& s) {
  const format_description& f = s.format();
  return {{f.one, f.one + f.min_normal / 2}};
}

void quotient_error(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const promises& p = s.promised();
  const column quotients = s.div(x[0], x[1]);
  const bool is_pad = p.max_quotient_error.numerator * 8 == p.max_quotient_error.denominator;
  for (std::size_t i = 0; i < quotients.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i]}) || !is_in_range(s, quotients[i])) continue;
    // q / (a / b) - 1 = q b / a - 1.
    bool attained = false;
    const bool within = relative_error_within(
        exact_magnitude(f, quotients[i]) * exact_magnitude(f, x[1][i]), exact_magnitude(f, x[0][i]),
        p.min_quotient_error, p.max_quotient_error, nullptr, &attained);
    const bool is_worst = x[0][i] == f.one && x[1][i] == f.one + f.min_normal / 2;
    out.require(i, within && (attained || !is_pad || !is_worst), quotients[i], quotients[i]);
  }
}

}  // namespace

std::vector<statement> error_bounds() {
  return {
      scalar_property{
          .text = {.id = "P16",
                   .sentence = "the relative error of the product lies within the promised "
                               "bounds (-1/9 and 0 for pam)",
                   .domain = "normal operands, result in range",
                   .operation = "mul",
                   .promise = "has_error_bounds",
                   .promised = [](const promises& p) { return p.has_error_bounds; }},
          .needs = {"mul"},
          .pinned = worst_product,
          .evaluate = product_error},
      scalar_property{
          .text = {.id = "P17",
                   .sentence = "the relative error -1/9 is attained at fractions (1/2, 1/2) "
                               "and nowhere else",
                   .domain = "normal operands, result in range",
                   .operation = "mul",
                   .promise = "min_relative_error = -1/9",
                   .promised = has_pam_bound},
          .needs = {"mul"},
          .pinned = worst_product,
          .evaluate = worst_only_at_halves},
      scalar_property{
          .text = {.id = "P18",
                   .sentence = "abs(a . b) is at most abs of the IEEE product in every "
                               "rounding direction",
                   .domain = "finite operands; a result rounded in the subnormal range is "
                             "compared to nearest and upward",
                   .operation = "mul",
                   .promise = "never_above_product",
                   .promised = [](const promises& p) { return p.never_above_product; }},
          .needs = {"mul"},
          .evaluate = never_above_product},
      scalar_property{
          .text = {.id = "P30",
                   .sentence = "the relative error of the quotient lies within the promised "
                               "bounds (0 and 1/8 for pad, the latter attained at 1/1.5)",
                   .domain = "normal operands, result in range",
                   .operation = "div",
                   .promise = "has_quotient_bounds",
                   .promised = [](const promises& p) { return p.has_quotient_bounds; }},
          .needs = {"div"},
          .pinned = worst_quotient,
          .evaluate = quotient_error},
  };
}

}  // namespace pamkit::properties::statements
