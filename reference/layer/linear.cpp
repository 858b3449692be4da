#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

// reference::linear and its derivatives, whose operands are binary32 here. l_mul's l stays the
// operand format's.
std::vector<dense> compute(const layer_call& c) {
  const dense& bias = c.operands[2];
  const bool has_bias = bias.shape != std::vector<std::int64_t>{0} || c.operands[1].shape[0] == 0;
  if (!c.is_vjp) {
    return {linear(c.wide, c.operands[0], c.operands[1],
                   has_bias ? std::optional(bias) : std::nullopt)};
  }
  linear_gradients g = linear_vjp(c.wide, c.kind, c.operands[3], c.operands[0], c.operands[1]);
  if (!has_bias) g.bias = {{0}, {}};
  return {std::move(g.x), std::move(g.weight), std::move(g.bias)};
}

}  // namespace

namespace layer {
extern const layer_definition linear{.name = "linear",
                                     .integers = {},
                                     .has_vjp = true,
                                     .needs_functions = false,
                                     .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
