#include <cmath>

#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

dense transposed(const dense& x) {
  dense t{{x.shape[0], x.shape[2], x.shape[1]}, {}};
  for (std::int64_t b = 0; b < x.shape[0]; ++b) {
    for (std::int64_t j = 0; j < x.shape[2]; ++j) {
      for (std::int64_t i = 0; i < x.shape[1]; ++i) {
        t.encodings.push_back(
            x.encodings[static_cast<std::size_t>((b * x.shape[1] + i) * x.shape[2] + j)]);
      }
    }
  }
  return t;
}

// softmax(bmm(pam(q, scale), k transposed)) times v by bmm. The batched products are
// reference::bmm's, and so are their derivatives; the rest runs on tapes.
std::vector<dense> compute(const layer_call& c) {
  const dense& q = c.operands[0];
  const dense& v = c.operands[2];
  const auto width = static_cast<double>(q.shape[2]);
  tape scaling(c.wide, c.kind);
  const tape::value queries = scaling.variable(rows_of(q));
  const tape::value scaled = scaling.mul(queries, scaling.constant(rounded(1 / std::sqrt(width))));
  const dense left{q.shape, scaling[scaled].words};
  const dense keys = transposed(c.operands[1]);

  std::vector<bool> is_hidden;
  for (const std::uint32_t word : c.operands[3].encodings) is_hidden.push_back(word != 0);
  const dense scores = bmm(c.wide, left, keys);
  tape steps(c.wide, c.kind);
  const tape::value x = steps.variable(rows_of(scores));
  const tape::value shown = steps.replace(x, is_hidden, 0xFF800000);
  const exponentials parts(steps, shown);
  const tape::value weights = softmax_of(steps, parts);
  const dense right{scores.shape, steps[weights].words};
  if (!c.is_vjp) return {bmm(c.wide, right, v)};

  const matmul_gradients output = bmm_vjp(c.wide, c.kind, c.operands[4], right, v);
  steps.backward(weights, rows_of(output.a));
  const matrix d_shown = without_masked(steps.derivative_of(x), parts.is_masked);
  const dense d_scores{scores.shape, without_masked(d_shown, is_hidden).words};
  const matmul_gradients product = bmm_vjp(c.wide, c.kind, d_scores, left, keys);
  scaling.backward(scaled, rows_of(product.a));
  return {{q.shape, scaling.derivative_of(queries).words}, transposed(product.b), output.b};
}

}  // namespace

namespace layer {
extern const layer_definition attention{.name = "attention", .integers = {3}, .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
