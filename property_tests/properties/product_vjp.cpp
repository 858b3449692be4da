/// P43: the vjp of a product is a product, to the bit. It is seen through contractions of a single
/// term.
#include <bit>

#include "pamkit/properties/property.hpp"
#include "statement_range.hpp"

namespace pamkit::properties::statements {
namespace {

// The rules of a widened product as those of an elementwise operation in binary32.
configuration widened_rules(const subject& s) {
  configuration c = s.rules();
  c.compensation = contraction_rules(s.rules()).compensation;
  c.format = binary32{};
  return c;
}

column elementwise(const subject& s, std::string_view operation, const configuration& rules,
                   const column& a, const column& b) {
  column out(a.size());
  s.implementation().elementwise(operation, rules.arithmetic)(rules, a.data(), b.data(), out.data(),
                                                              out.size());
  return out;
}

// Operands a, b, d; both derivatives of every case as one batch of 1 x 1 matrices.
template <derivative Gradient>
void vjp_is_product(const subject& s, const operand_columns& x, outcome& out) {
  contraction_case c;
  c.a = x[0];
  c.b = x[1];
  c.d = x[2];
  c.batch = static_cast<std::int64_t>(c.a.size());
  c = widened(s.rules().format, std::move(c));
  const column of_a = contract(s, contraction_kind::vjp_a, Gradient, c);
  const column of_b = contract(s, contraction_kind::vjp_b, Gradient, c);
  const configuration rules = widened_rules(s);
  column slope_a = c.b;
  column slope_b = c.a;
  configuration applying = rules;
  if constexpr (Gradient == derivative::exact) {
    slope_a = elementwise(s, "mul_da", rules, c.a, c.b);
    slope_b = elementwise(s, "mul_da", rules, c.b, c.a);
    applying.compensation = 0;
  }
  const column expected_a = elementwise(s, "mul", applying, c.d, slope_a);
  const column expected_b = elementwise(s, "mul", applying, c.d, slope_b);
  // A sum of one term starts at +0, so that -0 becomes +0.
  const auto summed = [](std::uint32_t term) { return term == 0x80000000 ? 0 : term; };
  for (std::size_t i = 0; i < out.size(); ++i) {
    out.require_equal(i, of_a[i], summed(expected_a[i]));
    if (of_a[i] == summed(expected_a[i])) out.require_equal(i, of_b[i], summed(expected_b[i]));
  }
}

// abs(x) 2^k of x with the sign of x y, where it is a normal result.
std::uint32_t by_power(const format_description& f, std::uint32_t x, std::uint32_t power) {
  const std::uint32_t scaled = scaled_in_range(f, x, normal_exponent(f, power));
  return f.is_normal(scaled) ? scaled ^ (power & f.sign_mask) : f.nan;
}

// In range applying a slope is an exact multiplication by a power of two.
void vjp_is_scaling(const subject& s, const operand_columns& x, outcome& out) {
  static const format_description f = describe(binary32{});
  contraction_case c;
  c.a = x[0];
  c.b = x[1];
  c.d = x[2];
  c.batch = static_cast<std::int64_t>(c.a.size());
  c = widened(s.rules().format, std::move(c));
  const column of_a = contract(s, contraction_kind::vjp_a, derivative::exact, c);
  const column slopes = elementwise(s, "mul_da", widened_rules(s), c.a, c.b);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!f.is_normal(c.a[i]) || !f.is_normal(c.b[i]) || !f.is_normal(c.d[i])) continue;
    // Past the range there is no slope, saturated or not.
    if (!f.is_normal(slopes[i]) || magnitude(f, slopes[i]) == f.max_finite) continue;
    const std::uint32_t expected = by_power(f, c.d[i], slopes[i]);
    if (f.is_nan(expected)) continue;
    const bool is_power = is_normal_power_of_two(f, slopes[i]);
    out.require(i, is_power && of_a[i] == expected, of_a[i], expected);
  }
}

}  // namespace

std::vector<statement> product_vjp() {
  return {
      scalar_property{
          .text = {.id = "P43",
                   .part = "approx",
                   .sentence = "the approx vjp of a . b is d . b and d . a",
                   .domain = "all operands a, b, d, widened to binary32",
                   .operation = "matmul_vjp",
                   // An arithmetic whose product is no product differentiates otherwise.
                   .promise = "scales_by_powers_of_two",
                   .promised = [](const promises& p) { return p.scales_by_powers_of_two; }},
          .arity = 3,
          .needs = {"mul"},
          .vjp = derivative::approx,
          .evaluate = vjp_is_product<derivative::approx>},
      scalar_property{
          .text = {.id = "P43",
                   .part = "exact",
                   .sentence = "the exact vjp of a . b is d . slope, without compensation",
                   .domain = "all operands a, b, d, widened to binary32",
                   .operation = "matmul_vjp",
                   .promise = "",
                   .promised = nullptr},
          .arity = 3,
          .needs = {"mul", "mul_da"},
          .vjp = derivative::exact,
          .evaluate = vjp_is_product<derivative::exact>},
      scalar_property{
          .text = {.id = "P43",
                   .part = "power-of-two",
                   .sentence = "the exact vjp is d times a power of two, exactly",
                   .domain = "normal operands a, b, d, widened to binary32, results in range",
                   .operation = "matmul_vjp",
                   .promise = "",
                   .promised = nullptr},
          .arity = 3,
          .needs = {"mul", "mul_da"},
          .vjp = derivative::exact,
          .evaluate = vjp_is_scaling},
  };
}

}  // namespace pamkit::properties::statements
