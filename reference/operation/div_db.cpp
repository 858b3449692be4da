/// div_db: the slope of pad(a, b) with respect to b.
#include "piecewise_affine.hpp"

namespace pamkit::reference::operation {
namespace {

// -sign(a) 2^(Ea - 2 Eb - [Fa < Fb]); with compensation -[Fa < Fb] is floor(Fa - Fb - f).
std::uint32_t slope(const rules& rules, operand_list operands) {
  const codec c(rules);
  const exact_value a = c.decode(operands[0]);
  const exact_value b = c.decode(operands[1]);
  if (a.is_nan() || b.is_nan()) return c.nan();
  if ((a.is_zero() && b.is_zero()) || (a.is_infinite() && b.is_infinite())) return c.nan();
  const bool negative = !a.negative;
  if (a.is_zero() || b.is_infinite()) return c.zero(negative);
  if (a.is_infinite() || b.is_zero()) return c.infinity(negative);
  const rational difference = a.fraction() - b.fraction() - compensation_fraction(rules);
  const auto borrow = difference.floor().convert_to<std::int64_t>();
  const std::int64_t exponent = a.value.exponent() - 2 * b.value.exponent() + borrow;
  return c.encode(rational::power_of_two(exponent), negative);
}

constexpr scalar_definition kDefinitions[] = {{.name = "pam", .oracle = slope}};

}  // namespace

extern constinit const operation_definition div_db{
    .name = "div_db", .operands = 2, .ordinary = nullptr, .definitions = kDefinitions};

}  // namespace pamkit::reference::operation
