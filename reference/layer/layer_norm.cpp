#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

// pam(pad(c, pasqrt(var + eps)), gain) + bias, c = x - mean(x), var = mean(pam(c, c)).
std::vector<dense> compute(const layer_call& c) {
  tape steps(c.wide, c.kind);
  const dense& operand = c.operands[0];
  const tape::value x = steps.variable(rows_of(operand));
  const tape::value gain = steps.variable(matrix::row_for_all(c.operands[1].encodings));
  const tape::value bias = steps.variable(matrix::row_for_all(c.operands[2].encodings));
  const tape::value eps = steps.constant(rounded(c.attribute("eps", 1e-5)));
  const tape::value centred = steps.subtract(x, mean_of(steps, x));
  const tape::value variance = mean_of(steps, steps.mul(centred, centred));
  const tape::value normal = steps.div(centred, steps.sqrt(steps.add(variance, eps)));
  const tape::value y = steps.add(steps.mul(normal, gain), bias);
  if (!c.is_vjp) return {{operand.shape, steps[y].words}};
  steps.backward(y, rows_of(c.operands[3]));
  return {{operand.shape, steps.derivative_of(x).words},
          {c.operands[1].shape, steps.derivative_of(gain).words},
          {c.operands[2].shape, steps.derivative_of(bias).words}};
}

}  // namespace

namespace layer {
extern const layer_definition layer_norm{.name = "layer_norm", .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
