#include <numbers>

#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

constexpr std::uint32_t kSign = 0x80000000;

// Words with the sign flipped where `of` is negative; a NaN is one NaN.
matrix signed_like(const matrix& of, matrix words) {
  for (std::size_t i = 0; i < words.words.size(); ++i) {
    const bool is_nan = describe(binary32{}).is_nan(words.words[i]);
    if ((of.words[i] & kSign) != 0 && !is_nan) words.words[i] ^= kSign;
  }
  return words;
}

// The sign of x on pad(1 - e, 1 + e), e = paexp2(-pam(abs(x), RN(2 log2 e))): the function of abs(x)
// is mirrored, and so is its derivative.
std::vector<dense> compute(const layer_call& c) {
  tape steps(c.wide, c.kind);
  const dense& operand = c.operands[0];
  const matrix given = rows_of(operand);
  matrix magnitudes = given;
  for (std::uint32_t& w : magnitudes.words) w &= ~kSign;
  const tape::value x = steps.variable(magnitudes);
  const tape::value one = steps.constant(rounded(1));
  const tape::value t = steps.mul(x, steps.constant(rounded(2 * std::numbers::log2e)));
  const tape::value e = steps.exp2(steps.negate(t));
  const tape::value y = steps.div(steps.subtract(one, e), steps.add(one, e));
  if (!c.is_vjp) return {{operand.shape, signed_like(given, steps[y]).words}};
  steps.backward(y, signed_like(given, rows_of(c.operands[1])));
  return {{operand.shape, signed_like(given, steps.derivative_of(x)).words}};
}

}  // namespace

namespace layer {
extern const layer_definition tanh{.name = "tanh", .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
