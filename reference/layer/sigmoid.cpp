#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

// pad(1, 1 + paexp2(-pam(x, log2e))).
std::vector<dense> compute(const layer_call& c) {
  tape steps(c.wide, c.kind);
  const dense& operand = c.operands[0];
  const tape::value x = steps.variable(rows_of(operand));
  const tape::value one = steps.constant(rounded(1));
  const tape::value t = steps.mul(x, steps.constant(log2e(describe(binary32{}))));
  const tape::value e = steps.exp2(steps.negate(t));
  const tape::value y = steps.div(one, steps.add(one, e));
  if (!c.is_vjp) return {{operand.shape, steps[y].words}};
  steps.backward(y, rows_of(c.operands[1]));
  return {{operand.shape, steps.derivative_of(x).words}};
}

}  // namespace

namespace layer {
extern const layer_definition sigmoid{.name = "sigmoid", .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
