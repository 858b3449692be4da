#include <cmath>
#include <numbers>

#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

// pad(x, 1 + paexp2(-u)), u = pam(x, c + pam(pam(x, x), d)).
std::vector<dense> compute(const layer_call& c) {
  const double linear = 2 * std::sqrt(2 / std::numbers::pi) * std::numbers::log2e;
  tape steps(c.wide, c.kind);
  const dense& operand = c.operands[0];
  const tape::value x = steps.variable(rows_of(operand));
  const tape::value cubic = steps.mul(steps.mul(x, x), steps.constant(rounded(0.044715 * linear)));
  const tape::value u = steps.mul(x, steps.add(cubic, steps.constant(rounded(linear))));
  const tape::value e = steps.exp2(steps.negate(u));
  const tape::value y = steps.div(x, steps.add(steps.constant(rounded(1)), e));
  if (!c.is_vjp) return {{operand.shape, steps[y].words}};
  steps.backward(y, rows_of(c.operands[1]));
  return {{operand.shape, steps.derivative_of(x).words}};
}

}  // namespace

namespace layer {
extern const layer_definition gelu{.name = "gelu", .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
