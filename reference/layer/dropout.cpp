#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

// +0 where the mask drops, pam(x, RN(1 / (1 - p))) where it keeps.
std::vector<dense> compute(const layer_call& c) {
  tape steps(c.wide, c.kind);
  const dense& operand = c.operands[0];
  const tape::value x = steps.variable(rows_of(operand));
  const std::uint32_t factor = rounded(1 / (1 - c.attribute("p", 0.1)));
  std::vector<bool> is_dropped;
  for (const std::uint32_t keep : c.operands[1].encodings) is_dropped.push_back(keep == 0);
  const tape::value y = steps.replace(steps.mul(x, steps.constant(factor)), is_dropped, 0);
  if (!c.is_vjp) return {{operand.shape, steps[y].words}};
  steps.backward(y, rows_of(c.operands[2]));
  return {{operand.shape, without_masked(steps.derivative_of(x), is_dropped).words}};
}

}  // namespace

namespace layer {
extern const layer_definition dropout{.name = "dropout", .integers = {1}, .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
