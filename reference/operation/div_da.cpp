/// div_da: the slope of pad(a, b) with respect to a.
#include "piecewise_affine.hpp"

namespace pamkit::reference::operation {
namespace {

// sign(b) 2^(-Eb - [Fa < Fb]); with compensation -[Fa < Fb] is floor(Fa - Fb - f).
std::uint32_t slope(const rules& rules, operand_list operands) {
  const codec c(rules);
  const exact_value a = c.decode(operands[0]);
  const exact_value b = c.decode(operands[1]);
  if (a.is_nan() || b.is_nan()) return c.nan();
  if (b.is_zero()) return c.infinity(b.negative);
  if (b.is_infinite()) return c.zero(b.negative);
  const rational difference = a.fraction() - b.fraction() - compensation_fraction(rules);
  const auto borrow = difference.floor().convert_to<std::int64_t>();
  return c.encode(rational::power_of_two(borrow - b.value.exponent()), b.negative);
}

constexpr scalar_definition kDefinitions[] = {{.name = "pam", .oracle = slope}};

}  // namespace

extern constinit const operation_definition div_da{
    .name = "div_da", .operands = 2, .ordinary = nullptr, .definitions = kDefinitions};

}  // namespace pamkit::reference::operation
