#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pamkit/reference/golden_model.hpp"

/// The golden model of the tensor operations: products of scalar oracles, and sums in the declared
/// order.
///
/// Operands in a 16- or 8-bit format are widened to binary32 (exact; bfloat16's subnormals stay
/// subnormal and follow the policy), products are binary32 with the operand format's compensation
/// scaled, sums are IEEE binary32 (nearest even, gradual underflow, overflow to infinity, canonical
/// NaN) computed exactly and rounded, and the accumulator is encoded once to the format at the end,
/// under the policies, whatever the arithmetic (an infinite accumulator as a special case's
/// infinity). Of binary32 and binary32mN the result is the binary32
/// accumulator itself: the cut is of operands only, and they are expected cut.
namespace pamkit::reference {

/// A dense row-major tensor of encodings.
struct dense {
  std::vector<std::int64_t> shape;
  std::vector<std::uint32_t> encodings;
};

/// IEEE binary32 x + y: nearest even, gradual underflow, overflow to infinity, canonical NaN.
std::uint32_t add_binary32(std::uint32_t x, std::uint32_t y);

/// While it lives, `add` takes the place of add_binary32 in every sum, bias, difference and layer that
/// this thread computes (not in the products of an arithmetic). With an addition that forgets nothing
/// the model tells which terms a result has, and in which order, where rounding would absorb some.
class planted_addition {
 public:
  using function = std::uint32_t (*)(std::uint32_t, std::uint32_t);
  explicit planted_addition(function add);
  ~planted_addition();
  planted_addition(const planted_addition&) = delete;
  planted_addition& operator=(const planted_addition&) = delete;

 private:
  function before_;
};

/// The binary32 encoding of a value of any format; exact, NaNs canonical. Subnormals are never
/// flushed here.
std::uint32_t widen(const format_description& format, std::uint32_t bits);

// Every function below throws std::invalid_argument for shapes that do not fit, for malformed
// operands and for an arithmetic without the product or derivative asked for.

/// a [M, K], b [K, N] -> [M, N]. One accumulator per output from +0, terms in ascending K.
dense matmul(const rules& rules, const dense& a, const dense& b);

/// a [B, M, K], b [B, K, N] -> [B, M, N].
dense bmm(const rules& rules, const dense& a, const dense& b);

/// x [..., K], weight [N, K], bias [N] -> [..., N]. Terms in ascending K, the bias added last.
dense linear(const rules& rules, const dense& x, const dense& weight,
             const std::optional<dense>& bias);

struct matmul_gradients {
  dense a;
  dense b;
};

/// d [M, N] -> da [M, K], summed over N ascending, and db [K, N], summed over M ascending.
matmul_gradients matmul_vjp(const rules& rules, derivative kind, const dense& d, const dense& a,
                            const dense& b);

/// The same per batch element.
matmul_gradients bmm_vjp(const rules& rules, derivative kind, const dense& d, const dense& a,
                         const dense& b);

struct linear_gradients {
  dense x;
  dense weight;
  dense bias;
};

/// d [..., N] -> dx [..., K], over N ascending; dweight [N, K], over the flattened rows ascending;
/// dbias [N], over blocks of 128 consecutive rows, each ascending from +0, then the block sums
/// ascending from +0.
linear_gradients linear_vjp(const rules& rules, derivative kind, const dense& d, const dense& x,
                            const dense& weight);

}  // namespace pamkit::reference
