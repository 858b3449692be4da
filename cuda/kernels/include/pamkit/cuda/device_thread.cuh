#pragma once

#include "pamkit/cuda/kernel.cuh"

namespace pamkit::cuda {

/// A thread of a GPU, as kernels see it.
struct device_thread {
  PAMKIT_DEVICE int index() const { return static_cast<int>(threadIdx.x); }
  PAMKIT_DEVICE std::uint32_t block() const { return blockIdx.x; }
  PAMKIT_DEVICE void barrier() const { __syncthreads(); }
  PAMKIT_DEVICE bool any_of_block(bool b) const { return __syncthreads_or(b ? 1 : 0) != 0; }
  PAMKIT_DEVICE word from_lane_xor(word w, int distance) const {
    return {__shfl_xor_sync(0xffffffffU, w.bits, distance)};
  }
};

}  // namespace pamkit::cuda
