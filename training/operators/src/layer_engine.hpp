#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>
#include <vector>

#include "pamkit/backend.hpp"

namespace pamkit::operators {

/// A layer on tensors of one device: of the CPU computed by the used backend on LibTorch's threads,
/// of a GPU by launches on their memory; by way of the host where the arithmetic has no kernels.
struct layer_request {
  std::string_view operation;  ///< of pamkit/layer/, "softmax" or "softmax_vjp"
  const configuration& rules;  ///< format is that of the tensors
  derivative gradient = derivative::approx;
  std::vector<at::Tensor> inputs;  ///< numbers of any type, or integers (classes, masks)
  layer_attributes attributes;
  std::int64_t ignored = -100;  ///< a class that becomes FFFFFFFF
};

/// Its results as float32 tensors. How a layer is cut among threads changes no bit: rows, elements
/// and images are independent, and sums over rows are cut at the blocks in which they are defined.
/// Throws std::invalid_argument as the backend does, and where it does not define the layer.
std::vector<at::Tensor> compute_layer(const layer_request& request);

/// out[i] = operation(a[i], b[i]) in the format of `rules`, float32 where that is binary32; b
/// undefined for unary operations. Tensors of one shape and device; of a GPU by a launch.
at::Tensor compute_elementwise(std::string_view operation, const configuration& rules,
                               const at::Tensor& a, const at::Tensor& b);

}  // namespace pamkit::operators
