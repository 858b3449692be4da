#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

constexpr std::uint32_t kIgnored = 0xFFFFFFFF;

// A target of -0 is none, as one of +0 is.
std::uint32_t without_sign_of_zero(std::uint32_t target) { return target << 1 == 0 ? 0 : target; }

// The smoothed targets: PyTorch's form or FairSeq's.
matrix targets_of(const layer_call& c, std::int64_t rows, std::int64_t classes) {
  const double eps = c.attribute("smoothing", 0);
  const auto v = static_cast<double>(classes);
  const bool is_fairseq = c.attribute("fairseq", 0) != 0;
  const std::uint32_t right = without_sign_of_zero(rounded(is_fairseq ? 1 - eps : 1 - eps + eps / v));
  const std::uint32_t wrong = without_sign_of_zero(rounded(is_fairseq ? eps / (v - 1) : eps / v));
  matrix t{rows, classes, {}};
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t k = 0; k < classes; ++k) {
      const bool is_right = c.operands[1].encodings[static_cast<std::size_t>(r)] == k;
      t.words.push_back(is_right ? right : wrong);
    }
  }
  return t;
}

// The mean over kept rows of -(sum of pam(log_softmax(x), target)).
std::vector<dense> compute(const layer_call& c) {
  tape steps(c.wide, c.kind);
  const dense& operand = c.operands[0];
  const std::int64_t classes = operand.shape[1];
  const tape::value x = steps.variable(rows_of(operand));
  const matrix targets = targets_of(c, operand.shape[0], classes);
  std::vector<bool> is_row_ignored;
  std::vector<bool> is_ignored;
  double kept = 0;
  for (const std::uint32_t label : c.operands[1].encodings) {
    is_row_ignored.push_back(label == kIgnored);
    is_ignored.insert(is_ignored.end(), static_cast<std::size_t>(classes), label == kIgnored);
    if (label != kIgnored) kept += 1;
  }
  std::vector<bool> is_without_target;
  for (const std::uint32_t t : targets.words) is_without_target.push_back(t << 1 == 0);

  const exponentials parts(steps, x);
  const tape::value log_p = log_softmax_of(steps, x, parts);
  const tape::value terms =
      steps.replace(steps.mul(log_p, steps.constant(targets)), is_without_target, 0);
  const tape::value losses = steps.replace(steps.negate(steps.row_sum(terms)), is_row_ignored, 0);
  const tape::value loss = steps.div(steps.total(losses), steps.constant(rounded(kept)));
  if (!c.is_vjp) return {{{}, steps[loss].words}};
  steps.backward(loss, matrix::scalar(c.operands[2].encodings[0]));
  const matrix dx = without_masked(steps.derivative_of(x), parts.is_masked);
  return {{operand.shape, without_masked(dx, is_ignored).words}};
}

}  // namespace

namespace layer {
extern const layer_definition cross_entropy{
    .name = "cross_entropy", .integers = {1}, .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
