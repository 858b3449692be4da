/// P10 to P12: what powers of two do.
#include "pamkit/properties/property.hpp"
#include "statement_range.hpp"

namespace pamkit::properties::statements {
namespace {

void last_to_power_of_two(const format_description& f, operand_columns& x) {
  for (std::uint32_t& e : x.back()) e = to_power_of_two(f, e);
}

// Operands a, b, 2^k (positive).
void scales(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  column scaled(x[0].size());
  for (std::size_t i = 0; i < scaled.size(); ++i) {
    const std::uint32_t power = magnitude(f, x[2][i]);
    scaled[i] = is_normal_power_of_two(f, power)
                    ? scaled_in_range(f, x[0][i], normal_exponent(f, power))
                    : f.nan;
  }
  const column products = s.mul(x[0], x[1]);
  const column scaled_products = s.mul(scaled, x[1]);
  for (std::size_t i = 0; i < scaled.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i], scaled[i]})) continue;
    if (!all_in_range(s, {products[i], scaled_products[i]})) continue;
    const std::uint32_t expected =
        scaled_in_range(f, products[i], normal_exponent(f, magnitude(f, x[2][i])));
    if (f.is_normal(expected)) out.require_equal(i, scaled_products[i], expected);
  }
}

void exact_by_power(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column products = s.mul(x[0], x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (!f.is_normal(x[0][i]) || !is_normal_power_of_two(f, x[1][i])) continue;
    const std::uint32_t expected = scaled_in_range(f, x[0][i], normal_exponent(f, x[1][i]));
    if (!f.is_normal(expected)) continue;
    out.require_equal(i, products[i], expected ^ (x[1][i] & f.sign_mask));
  }
}

void exact_only_by_power(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column products = s.mul(x[0], x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    const std::uint32_t a = x[0][i];
    const std::uint32_t b = x[1][i];
    if (!all_normal(s, {a, b}) || !is_in_range(s, products[i])) continue;
    const bool is_exact =
        exact_magnitude(f, products[i]) == exact_magnitude(f, a) * exact_magnitude(f, b);
    const bool has_power = is_normal_power_of_two(f, a) || is_normal_power_of_two(f, b);
    out.require(i, !is_exact || has_power, products[i], products[i]);
  }
}

}  // namespace

std::vector<statement> powers_of_two() {
  return {
      scalar_property{
          .text = {.id = "P10",
                   .sentence = "(2^k a) . b = 2^k (a . b)",
                   .domain = "normal operands, 2^k a normal, results in range",
                   .operation = "mul",
                   .promise = "scales_by_powers_of_two",
                   .promised = [](const promises& p) { return p.scales_by_powers_of_two; }},
          .arity = 3,
          .needs = {"mul"},
          .adapt = last_to_power_of_two,
          .evaluate = scales},
      scalar_property{
          .text = {.id = "P11",
                   .sentence = "a . 2^k is the correctly rounded product",
                   .domain = "a normal, product normal",
                   .operation = "mul",
                   .promise = "exact_by_powers_of_two",
                   .promised = [](const promises& p) { return p.exact_by_powers_of_two; }},
          .needs = {"mul"},
          .adapt = last_to_power_of_two,
          .evaluate = exact_by_power},
      scalar_property{
          .text = {.id = "P12",
                   .sentence = "a . b is the exact product only if a or b is a power of two",
                   .domain = "normal operands, result in range",
                   .operation = "mul",
                   .promise = "exact_only_by_powers_of_two",
                   .promised = [](const promises& p) { return p.exact_only_by_powers_of_two; },
                   .unpromised = "a short format may have no such pair"},
          .needs = {"mul"},
          .evaluate = exact_only_by_power},
  };
}

}  // namespace pamkit::properties::statements
