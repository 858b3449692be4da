#pragma once

/// The entry points of one file of cuda/kernels/instances/:
///
///   PAMKIT_KERNELS_BEGIN(STEM)                  STEM the file's
///   PAMKIT_KERNEL(NAME, contraction_tiled<...>)
///   PAMKIT_KERNELS_END
///
/// nvcc makes of each line  extern "C" __global__ void pamkit_NAME(parameters).  Every other
/// compiler makes of the whole a function kernels_of_STEM() that returns the same kernels for the
/// host to run; the list of these functions is generated from the folder, so that adding a kernel
/// is adding a file.

#include "pamkit/cuda/kernel.cuh"

#if defined(__CUDACC__)

#include "pamkit/cuda/device_thread.cuh"

namespace pamkit::cuda {
template <class Kernel>
using parameters_of = typename Kernel::parameters;

template <class Kernel>
PAMKIT_DEVICE void run_on_device(const typename Kernel::parameters& parameters) {
  __shared__ typename Kernel::shared_memory shared;
  Kernel::run(device_thread{}, shared, parameters);
}
}  // namespace pamkit::cuda

#define PAMKIT_KERNELS_BEGIN(STEM) namespace pamkit::cuda {
// One block on a processor is enough: asked for no number, the compiler rather spills than use more
// than 128 registers.
#define PAMKIT_KERNEL(NAME, ...)                                                     \
  extern "C" __global__ void __launch_bounds__(__VA_ARGS__::threads, 1)              \
      pamkit_##NAME(const __grid_constant__ parameters_of<__VA_ARGS__> parameters) { \
    run_on_device<__VA_ARGS__>(parameters);                                          \
  }
#define PAMKIT_KERNELS_END }  // namespace pamkit::cuda

#else

#include <span>

#include "pamkit/cuda/host_kernel.hpp"

#define PAMKIT_KERNELS_BEGIN(STEM)              \
  namespace pamkit::cuda {                      \
  std::span<const kernel> kernels_of_##STEM();  \
  std::span<const kernel> kernels_of_##STEM() { \
    static const kernel all[] = {
#define PAMKIT_KERNEL(NAME, ...) host_kernel<__VA_ARGS__>("pamkit_" #NAME),
#define PAMKIT_KERNELS_END \
  }                        \
  ;                        \
  return all;              \
  }                        \
  }  // namespace pamkit::cuda

#endif
