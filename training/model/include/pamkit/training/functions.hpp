#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

/// Differentiable functions whose bits do not depend on the number of threads. What happens inside a row is
/// LibTorch's where its bits are the same on any number of threads (softmax, log_softmax and its derivative,
/// layer norm and its input derivative: the tests hold it to that); its softmax derivative is not. Sums over
/// rows are in the fixed order of blocks of 128 rows.

namespace pamkit::training {

/// See arm::layer_norm. x [..., C].
at::Tensor ordered_layer_norm(const at::Tensor& x, const at::Tensor& gain, const at::Tensor& bias,
                              double epsilon);

/// See arm::softmax. Derivative y (d - sum(d y)), the sum in 32 lanes.
at::Tensor ordered_softmax(const at::Tensor& x);

/// See arm::embedding. An id outside [0, V) throws c10::Error.
at::Tensor ordered_embedding(const at::Tensor& table, const at::Tensor& ids);

/// See arm::cross_entropy. Row sums are in 32 lanes; so is the sum of the row losses.
at::Tensor ordered_cross_entropy(const at::Tensor& logits, const at::Tensor& targets,
                                 double smoothing, std::int64_t ignored);

/// logits [R, V], whose gradient loses the mean of each row: d - div(sum d, V) by the arithmetic `label`, the
/// sum in 32 lanes. The derivative towards logits of a loss that no common shift of a row changes has such rows.
at::Tensor centred_gradient(const at::Tensor& logits, const std::string& label);

/// -sum abs(a - b) for a [B, M, K] and b [B, K, N] -> [B, M, N] by arithmetic `adder`, as attention has it; the
/// derivative of both sides is the clipped one (that of an input, not of a weight).
/// `label` is "adder", or that and a format that operands are cut to.
at::Tensor adder_product(const at::Tensor& a, const at::Tensor& b,
                         const std::string& label = "adder");

/// +0 where keep is 0, x times scale elsewhere, and so the derivative.
at::Tensor ordered_dropout(const at::Tensor& x, const at::Tensor& keep, float scale);

/// See arm::gelu, by erf: LibTorch's, over runs of a fixed length, in which no bit depends on threads.
at::Tensor ordered_gelu(const at::Tensor& x);

/// See arm::gelu: x / (1 + paexp2(-u)) with u = pam(x, pam(pam(x, x), d) + c), c = 2 sqrt(2 / pi) log2 e and
/// d = 0.044715 c; backward the vjps of these steps, contributions to x added last use first.
at::Tensor piecewise_affine_gelu(const at::Tensor& x, const std::string& label,
                                 const std::string& gradient);

/// v [...] as [count, ...]; the derivative sums down in blocks of 128.
at::Tensor repeated(const at::Tensor& v, std::int64_t count);

/// The gradient of a table [V, C] whose rows `ids` [R] received d [R, C]: per block of 128 rows each table row
/// ascending from +0, then the block sums ascending from +0.
at::Tensor embedding_gradient(const at::Tensor& d, const at::Tensor& ids, std::int64_t table_rows);


}  // namespace pamkit::training
