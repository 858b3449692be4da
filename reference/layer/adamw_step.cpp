#include <cmath>

#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

// m = pam(m, b1) + pam(g, 1 - b1); v = pam(v, b2) + pam(pam(g, g), 1 - b2);
// with `corrected` the first factor of each of these two is 1 + log2(b) / 2;
// p = (p - pam(p, wd lr)) - pam(pad(m, pasqrt(v) + eps), lr sqrt(1 - b2^t) / (1 - b1^t)).
std::vector<dense> compute(const layer_call& c) {
  tape steps(c.wide, c.kind);
  const auto operand = [&](std::size_t i) { return steps.constant(rows_of(c.operands[i])); };
  const auto host = [&](double x) { return steps.constant(rounded(x)); };
  const double rate = c.attribute("learning_rate", 1e-3);
  const double b1 = c.attribute("beta1", 0.9);
  const double b2 = c.attribute("beta2", 0.999);
  const double t = c.attribute("step", 1);
  const bool is_corrected = c.attribute("corrected", 0) == 1;
  const auto kept = [&](double b) { return host(is_corrected ? 1 + std::log2(b) / 2 : b); };
  const tape::value p = operand(0);
  const tape::value g = operand(1);
  const tape::value m = steps.add(steps.mul(operand(2), kept(b1)), steps.mul(g, host(1 - b1)));
  const tape::value v =
      steps.add(steps.mul(operand(3), kept(b2)), steps.mul(steps.mul(g, g), host(1 - b2)));
  const double step = rate * std::sqrt(1 - std::pow(b2, t)) / (1 - std::pow(b1, t));
  const tape::value direction =
      steps.div(m, steps.add(steps.sqrt(v), host(c.attribute("eps", 1e-8))));
  const tape::value decay = steps.mul(p, host(c.attribute("weight_decay", 0.01) * rate));
  const tape::value next =
      steps.subtract(steps.subtract(p, decay), steps.mul(direction, host(step)));
  const auto& shape = c.operands[0].shape;
  return {{shape, steps[next].words}, {shape, steps[m].words}, {shape, steps[v].words}};
}

}  // namespace

namespace layer {
extern const layer_definition adamw_step{
    .name = "adamw_step", .integers = {}, .has_vjp = false, .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
