#pragma once

#include "pamkit/backend.hpp"

namespace pamkit::cuda {

/// "cuda-ptx": the PTX that nvcc made of the CUDA kernels, every access, barrier and exchange
/// checked. A wrong one throws ptx::fault.
const backend& ptx_backend();

}  // namespace pamkit::cuda
