#pragma once

#include <string>

#include "pamkit/backend.hpp"

/// The GPU that models are trained on: the first one. Operators compute where their tensors lie.

namespace pamkit::operators {

/// What there is: LibTorch's part for CUDA, a GPU that it and the driver know, the kernels' machine
/// code. Where `name` is empty, `reason` is one line that says what is missing.
struct gpu_search {
  std::string name;
  std::string reason;
};

/// Loads LibTorch's part for CUDA, libtorch_cuda.so, where this process has not got it, and looks
/// for the GPU. LibTorch's own convolutions on any GPU keep binary32 operands from then on. To be
/// asked before LibTorch is asked for anything on a GPU.
gpu_search find_gpu();

/// The kernels as a backend, for use_backend(): "cuda". Where find_gpu() has found it.
const backend& gpu_backend();

}  // namespace pamkit::operators
