#pragma once

#include <ATen/core/Tensor.h>

#include "pamkit/backend.hpp"

namespace pamkit::operators {

/// On tensors of any device.

/// The tensor in binary32, exactly; itself where it is.
at::Tensor widened(const at::Tensor& t);

/// The operand of a product: the tensor in binary32, cut to rules.format where that is a binary32mN.
at::Tensor operand(const at::Tensor& t, const configuration& rules);

/// Contiguous binary32 accumulators encoded once to `type` under the policies of `rules`, whatever the
/// arithmetic; themselves where the type is float32.
at::Tensor encoded(const at::Tensor& sums, at::ScalarType type, const configuration& rules);

/// The same two by LibTorch's integer operations on the encodings, for tensors that are not on the
/// CPU. They round by the definition of nearest on integers, so that a device's own conversions
/// matter in no bit. Under the operators' rules: subnormals flushed, overflow to infinity.
at::Tensor operand_by_integers(const at::Tensor& t, const binary32m& format);
at::Tensor encoded_by_integers(const at::Tensor& sums, at::ScalarType type,
                               const any_format& format);

}  // namespace pamkit::operators
