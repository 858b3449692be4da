/// log2_da: the slope of palog2, 2^-Ex.
#include "piecewise_affine.hpp"

namespace pamkit::reference::operation {
namespace {

std::uint32_t slope(const rules& rules, operand_list operands) {
  const codec c(rules);
  const exact_value x = c.decode(operands[0]);
  if (x.is_nan()) return c.nan();
  if (x.is_zero()) return c.infinity(false);
  if (x.negative) return c.nan();
  if (x.is_infinite()) return c.zero(false);
  return c.encode(rational::power_of_two(-x.value.exponent()));
}

constexpr scalar_definition kDefinitions[] = {{.name = "pam", .oracle = slope}};

}  // namespace

extern constinit const operation_definition log2_da{
    .name = "log2_da", .operands = 1, .ordinary = nullptr, .definitions = kDefinitions};

}  // namespace pamkit::reference::operation
