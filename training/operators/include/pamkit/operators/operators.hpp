#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string_view>

/// The operators torch.ops.pamkit.* as C++ functions. Each goes through LibTorch's dispatcher, so autograd,
/// Meta tensors and errors are those of the registered operators.
///
/// Operands are float32, bfloat16, float16, float8_e5m2 or float8_e4m3fn, all of one type: they are widened to
/// binary32, products and sums are binary32, and the result is encoded once to the operands' type. Rules are
/// the default ones (subnormals flushed, overflow to infinity). Any strides; the bits of a result depend
/// neither on strides nor on the number of threads.
///
/// `arithmetic` is a registered name or "pam:ALPHA"; `derivative` is "approx" or "exact" and decides the
/// backward pass only. Wrong shapes, types, devices and names throw c10::Error naming operator and values.

namespace pamkit::operators {

/// a [..., K], b [K, N] -> [..., N]: terms in ascending K from +0; leading axes are flattened row-major.
at::Tensor matmul(const at::Tensor& a, const at::Tensor& b, std::string_view arithmetic = "pam",
                  std::string_view derivative = "approx");

/// a [B, M, K], b [B, K, N] -> [B, M, N].
at::Tensor bmm(const at::Tensor& a, const at::Tensor& b, std::string_view arithmetic = "pam",
               std::string_view derivative = "approx");

/// x [..., K], weight [N, K], bias [N] -> [..., N]: as matmul with the transposed weight, the bias added last.
/// The bias has the operands' type or float32 and is added in binary32.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight,
                  const std::optional<at::Tensor>& bias, std::string_view arithmetic = "pam",
                  std::string_view derivative = "approx");

/// The vjp of a (batched) product with respect to a: a [M, K], b [K, N], d [M, N] -> [M, K], summed over N
/// ascending. Three axes each for a batch. Has no derivative of its own.
at::Tensor product_vjp_a(const at::Tensor& a, const at::Tensor& b, const at::Tensor& d,
                         std::string_view arithmetic = "pam",
                         std::string_view derivative = "approx");

/// The same with respect to b -> [K, N], summed over M ascending. The result is laid out column-major where b
/// is, so that a weight's gradient lies like the weight.
at::Tensor product_vjp_b(const at::Tensor& a, const at::Tensor& b, const at::Tensor& d,
                         std::string_view arithmetic = "pam",
                         std::string_view derivative = "approx");

/// d [..., N] -> [N], over the flattened rows: blocks of 128 consecutive rows, each ascending from +0 per
/// column, then the block sums ascending from +0; IEEE binary32 additions, encoded once to d's type.
at::Tensor sum_rows(const at::Tensor& d);

}  // namespace pamkit::operators
