#include "pamkit/cuda/ptx_backend.hpp"

#include "pamkit/cuda/backend_over.hpp"
#include "pamkit/cuda/ptx_execution.hpp"

namespace pamkit::cuda {

const backend& ptx_backend() {
  static constexpr backend self = backend_over<execute_ptx>::make(
      "cuda-ptx", "the PTX of the CUDA kernels, every access checked");
  return self;
}

}  // namespace pamkit::cuda
