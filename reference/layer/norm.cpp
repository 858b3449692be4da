#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

// pasqrt(sum of pam(x, x)) of each row.
std::vector<dense> compute(const layer_call& c) {
  tape steps(c.wide, c.kind);
  const dense& operand = c.operands[0];
  const tape::value x = steps.variable(rows_of(operand));
  const tape::value y = steps.sqrt(steps.row_sum(steps.mul(x, x)));
  if (!c.is_vjp) return {{without_last(operand.shape), steps[y].words}};
  steps.backward(y, per_row(c.operands[1]));
  return {{operand.shape, steps.derivative_of(x).words}};
}

}  // namespace

namespace layer {
extern const layer_definition norm{.name = "norm", .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
