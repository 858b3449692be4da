/// power_of_two: b, the weight, rounded to the nearest power of two; then an exact addition of
/// exponents.
#include "definition.hpp"

namespace pamkit::reference {
namespace {

// The nearest power of two with b's sign. Ties (a fraction of 1/2) go to the larger, and one past
// the largest exponent of the format is allowed.
rational nearest_power(const rational& b) {
  const bool up = b.fraction() >= rational::power_of_two(-1);
  const rational power = rational::power_of_two(b.exponent() + (up ? 1 : 0));
  return b.is_negative() ? -power : power;
}

std::optional<rational> real_product(const rules& rules, operand_list x) {
  const codec c(rules);
  const exact_value a = c.decode(x[0]);
  const exact_value b = c.decode(x[1]);
  if (a.kind != value_kind::finite || b.kind != value_kind::finite) return std::nullopt;
  return a.value * nearest_power(b.value);
}

// Special operands as for pam.
std::uint32_t multiply(const codec& c, std::uint32_t x, std::uint32_t y) {
  const exact_value a = c.decode(x);
  const exact_value b = c.decode(y);
  if (a.is_nan() || b.is_nan()) return c.nan();
  const bool negative = a.negative != b.negative;
  if (a.is_infinite() || b.is_infinite()) {
    return a.is_zero() || b.is_zero() ? c.nan() : c.infinity(negative);
  }
  if (a.is_zero() || b.is_zero()) return c.zero(negative);
  return c.encode(a.value * nearest_power(b.value));
}

std::uint32_t product(const rules& rules, operand_list x) {
  return multiply(codec(rules), x[0], x[1]);
}

std::string product_piece(const rules& rules, operand_list x) {
  const rational b = codec(rules).decode(x[1]).value;
  return "b = " + b.to_string() + " becomes " + nearest_power(b).to_string();
}

// approx: mul(d, b) and mul(d, a); in both the second factor is the rounded one.
std::uint32_t approx_a(const rules& rules, operand_list x) {
  return multiply(codec(rules), x[0], x[2]);
}

std::uint32_t approx_b(const rules& rules, operand_list x) {
  return multiply(codec(rules), x[0], x[1]);
}

constexpr scalar_definition kDefinitions[] = {
    {.name = "mul", .oracle = product, .real = real_product, .piece = product_piece},
};

}  // namespace

namespace arithmetic {
extern constinit const arithmetic_definition power_of_two{
    .name = "power_of_two",
    .definitions = kDefinitions,
    .approx_a = approx_a,
    .approx_b = approx_b,
};
}  // namespace arithmetic

}  // namespace pamkit::reference
