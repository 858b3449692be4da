/// P41 and P42: the slope of a piece is its forward difference.
#include "pamkit/properties/property.hpp"
#include "statement_pieces.hpp"

namespace pamkit::properties::statements {
namespace {

void slope_is_difference(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const auto unit = static_cast<std::uint32_t>(unit_of(f));
  const column next = next_larger(f, x[0]);
  const column slopes = s.apply("mul_da", x[0], x[1]);
  const column products = s.mul(x[0], x[1]);
  const column next_products = s.mul(next, x[1]);
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    const std::uint32_t a = x[0][i];
    const std::uint32_t b = x[1][i];
    if (!all_normal(s, {a, b}) || next[i] == a) continue;
    if (!all_in_range(s, {products[i], next_products[i]})) continue;
    const std::uint32_t slope = slope_of_piece(s, b, carry(s, a, b));
    if (!f.is_normal(slope)) continue;
    out.require_equal(i, slopes[i], slope);
    if (slopes[i] != slope) continue;
    // One unit of a times the slope, against the step of the product.
    const scaled_integer step = difference(f, products[i], next_products[i]);
    const scaled_integer unit_of_a = {unit, exact_magnitude(f, a).exponent};
    const scaled_integer power = {1, normal_exponent(f, slope)};
    out.require(i, step == unit_of_a * power, next_products[i], products[i] + unit);
  }
}

// Operands a, c, b with one edge in (a, c].
void mean_of_slopes(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const std::size_t count = x[0].size();
  column edges(count, f.nan);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t a = x[0][i];
    const std::uint32_t c = x[1][i];
    const std::uint32_t b = x[2][i];
    if (!all_normal(s, {a, c, b}) || (a ^ c) >= f.min_normal || c <= a) continue;
    if (carry(s, c, b) != carry(s, a, b) + 1) continue;
    const std::int64_t fraction =
        (carry(s, c, b) << f.fraction_bits) - fraction_bits_of(f, b) - s.rules().compensation;
    edges[i] = (a & ~(f.min_normal - 1)) | static_cast<std::uint32_t>(fraction);
  }
  const column at_edge = s.apply("mul_da", edges, x[2]);
  const column products = s.mul(x[0], x[2]);
  const column far_products = s.mul(x[1], x[2]);
  const column slopes = s.apply("mul_da", x[0], x[2]);
  const column far_slopes = s.apply("mul_da", x[1], x[2]);
  for (std::size_t i = 0; i < count; ++i) {
    if (edges[i] == f.nan || !all_in_range(s, {products[i], far_products[i]})) continue;
    const std::int64_t low_carry = carry(s, x[0][i], x[2][i]);
    const std::uint32_t low = slope_of_piece(s, x[2][i], low_carry);
    const std::uint32_t high = slope_of_piece(s, x[2][i], low_carry + 1);
    if (!f.is_normal(low) || !f.is_normal(high)) continue;
    // The edge itself belongs to the piece of larger abs(a).
    out.require_equal(i, at_edge[i], high);
    if (at_edge[i] == high) out.require_equal(i, slopes[i], low);
    if (at_edge[i] == high && slopes[i] == low) out.require_equal(i, far_slopes[i], high);
    if (out.state(i) == case_state::violated) continue;
    // The upper slope is twice the lower one.
    const std::uint64_t length = (edges[i] - x[0][i]) + 2 * std::uint64_t{x[1][i] - edges[i]};
    const scaled_integer weighted = {length, exact_magnitude(f, x[0][i]).exponent};
    const scaled_integer power = {1, normal_exponent(f, low)};
    out.require(i, difference(f, products[i], far_products[i]) == weighted * power, far_products[i],
                products[i] + (x[1][i] - x[0][i]));
  }
}

// a = 1, c = b = 1.5: without compensation c lies on the edge.
std::vector<column> across_the_edge(const subject& s) {
  const std::uint32_t one = s.format().one;
  const std::uint32_t one_and_a_half = one + s.format().min_normal / 2;
  return {{one, one_and_a_half, one_and_a_half}};
}

// a = 1.5 / 2 and b = 1.5 2^E, E the largest: the product is 2^E, the slope would be 2^(E + 1).
std::vector<column> slope_past_the_range(const subject& s) {
  const format_description& f = s.format();
  const std::uint32_t half = f.min_normal / 2;
  const std::uint32_t largest_power = f.max_finite & ~(f.min_normal - 1);
  return {{f.one - f.min_normal + half, largest_power + half}};
}

void slope_overflows(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column slopes = s.apply("mul_da", x[0], x[1]);
  const column products = s.mul(x[0], x[1]);
  const bool saturates = s.rules().overflow == overflow_policy::saturate;
  const std::uint32_t expected = saturates ? f.max_finite : f.has_infinity ? f.infinity : f.nan;
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    out.require(i, slopes[i] == expected && f.is_normal(products[i]), slopes[i], expected);
  }
}

}  // namespace

std::vector<statement> slopes() {
  return {
      scalar_property{
          .text = {.id = "P41",
                   .part = "difference",
                   .sentence = "the exact slope is sign(b) 2^(Eb + floor(Fa + Fb + f)), and "
                               "the forward difference of the product equals it",
                   .domain = "normal operands, results in range, slope normal",
                   .operation = "mul_da",
                   .promise = "",
                   .promised = nullptr},
          .needs = {"mul", "mul_da"},
          .evaluate = slope_is_difference},
      scalar_property{
          .text = {.id = "P41",
                   .part = "overflow",
                   .sentence = "the slope overflows where the product does not, at 0.75 . 1.5 2^E "
                               "with E the largest exponent",
                   .domain = "the pinned operands",
                   .operation = "mul_da",
                   .promise = "",
                   .promised = nullptr},
          .needs = {"mul", "mul_da"},
          .pinned = slope_past_the_range,
          .only_pinned = true,
          .evaluate = slope_overflows},
      scalar_property{
          .text = {.id = "P42",
                   .sentence = "a difference across one edge is the length-weighted mean of "
                               "the two slopes, and the edge has the slope above it",
                   .domain = "operands a, c, b with one edge in (a, c], results in range, "
                             "slopes normal",
                   .operation = "mul_da",
                   .promise = "",
                   .promised = nullptr},
          .arity = 3,
          .needs = {"mul", "mul_da"},
          .adapt = same_binade,
          .pinned = across_the_edge,
          .evaluate = mean_of_slopes},
  };
}

}  // namespace pamkit::properties::statements
