#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

// pad(floor(max t) + palog2(sum(e)), log2e) of each row.
std::vector<dense> compute(const layer_call& c) {
  tape steps(c.wide, c.kind);
  const dense& operand = c.operands[0];
  const tape::value x = steps.variable(rows_of(operand));
  const exponentials parts(steps, x);
  const tape::value y = log_sum_of(steps, parts);
  if (!c.is_vjp) return {{without_last(operand.shape), steps[y].words}};
  steps.backward(y, per_row(c.operands[1]));
  return {{operand.shape, without_masked(steps.derivative_of(x), parts.is_masked).words}};
}

}  // namespace

namespace layer {
extern const layer_definition logsumexp{.name = "logsumexp", .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
