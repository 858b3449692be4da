#pragma once

#include <ATen/core/Tensor.h>

#include "pamkit/backend.hpp"

namespace pamkit::operators {

/// The tensor in binary32, exactly; itself where it is.
at::Tensor widened(const at::Tensor& t);

/// The operand of a product: the tensor in binary32, cut to rules.format where that is a binary32mN.
at::Tensor operand(const at::Tensor& t, const configuration& rules);

/// Contiguous binary32 accumulators encoded once to `type` under the policies of `rules`, whatever the
/// arithmetic; themselves where the type is float32.
at::Tensor encoded(const at::Tensor& sums, at::ScalarType type, const configuration& rules);

}  // namespace pamkit::operators
