#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

// x - logsumexp(x) of each row.
std::vector<dense> compute(const layer_call& c) {
  tape steps(c.wide, c.kind);
  const dense& operand = c.operands[0];
  const tape::value x = steps.variable(rows_of(operand));
  const exponentials parts(steps, x);
  const tape::value y = log_softmax_of(steps, x, parts);
  if (!c.is_vjp) return {{operand.shape, steps[y].words}};
  steps.backward(y, rows_of(c.operands[1]));
  return {{operand.shape, without_masked(steps.derivative_of(x), parts.is_masked).words}};
}

}  // namespace

namespace layer {
extern const layer_definition log_softmax{.name = "log_softmax", .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
