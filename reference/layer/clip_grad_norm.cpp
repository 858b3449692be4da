#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

// pam(g, min(1, pad(limit, pasqrt(sum of pam(g, g))))): each tensor one row, the tensors' sums in
// ascending order.
std::vector<dense> compute(const layer_call& c) {
  const double limit = c.attribute("limit", 1);
  // Off: what lies in memory as 32 bits stays what it is, a NaN's payload too.
  if (limit == 0) return c.given.format.storage_bits == 32 ? c.unwidened : c.operands;
  tape steps(c.wide, c.kind);
  tape::value sum = steps.constant(0U);
  std::vector<tape::value> gradients;
  for (const dense& g : c.operands) {
    const auto n = static_cast<std::int64_t>(g.encodings.size());
    gradients.push_back(steps.constant(matrix{1, n, g.encodings}));
    const tape::value squares = steps.mul(gradients.back(), gradients.back());
    sum = steps.constant(add_binary32(steps[sum].words[0], sum_in_lanes(steps[squares].words)));
  }
  const tape::value ratio = steps.div(steps.constant(rounded(limit)), steps.sqrt(sum));
  const std::uint32_t r = steps[ratio].words[0];
  // min(1, r): a NaN is kept.
  const exact_value quotient = decode(c.wide.format, r, subnormal_policy::gradual);
  const bool is_above = quotient.is_infinite() || (quotient.is_finite() && quotient.value > 1);
  const tape::value factor = steps.constant(is_above ? c.wide.format.one : r);
  std::vector<dense> clipped;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    clipped.push_back({c.operands[i].shape, steps[steps.mul(gradients[i], factor)].words});
  }
  return clipped;
}

}  // namespace

namespace layer {
extern const layer_definition clip_grad_norm{
    .name = "clip_grad_norm", .integers = {}, .has_vjp = false, .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
