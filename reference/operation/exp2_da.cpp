/// exp2_da: the slope of paexp2, 2^floor(x), which is not the power of two of the rounded result.
#include "elementary.hpp"
#include "piecewise_affine.hpp"

namespace pamkit::reference::operation {
namespace {

std::uint32_t slope(const rules& rules, operand_list operands) {
  const codec c(rules);
  const exact_value x = c.decode(operands[0]);
  if (x.is_nan()) return c.nan();
  if (x.is_infinite()) return x.negative ? c.zero(false) : c.infinity(false);
  const integer whole = limited_exponent(x.value).floor();
  return c.encode(rational::power_of_two(whole.convert_to<std::int64_t>()));
}

constexpr scalar_definition kDefinitions[] = {{.name = "pam", .oracle = slope}};

}  // namespace

extern constinit const operation_definition exp2_da{
    .name = "exp2_da", .operands = 1, .ordinary = nullptr, .definitions = kDefinitions};

}  // namespace pamkit::reference::operation
