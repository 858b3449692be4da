#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pamkit/backend.hpp"
#include "pamkit/cuda/launch.hpp"

namespace pamkit::cuda {

/// What runs the kernels of this process, once it was asked for.
struct device_description {
  std::string name;
  int architecture = 0;    ///< 80, 90, 100: compute capability times ten
  int driver_version = 0;  ///< 12040 is 12.4
};

/// A GPU with the kernels loaded into its primary context, or why there is none: no driver, no
/// device, no device code. `ordinal` counts GPUs as the driver and the CUDA runtime do, from 0.
/// Each is asked for once, and its kernels are loaded then.
struct device_search {
  bool is_found = false;
  device_description device;
  std::string reason;
};
const device_search& find_device(int ordinal = 0);

/// "cuda": the kernels on the first GPU. Only where find_device() has found it.
const backend& device_backend();

/// Runs a launch on the first GPU, to its end: operands are copied there and what is written is
/// copied back. Throws std::runtime_error with what the driver says, and std::invalid_argument
/// where no device code has the kernel.
void execute_on_device(const launch& what);

/// Starts a launch on a stream (a CUstream; a null pointer is the default one) of GPU `ordinal` and
/// does not wait for it: nothing is copied, the addresses in the parameters are the GPU's own, and
/// launch.memory is not read. Leaves the GPU's primary context, which is the CUDA runtime's as
/// well, the calling thread's current one. Throws as execute_on_device; faults of a kernel show at
/// the stream's next synchronisation.
void launch_on_stream(const launch& what, int ordinal, void* stream);

/// Runs a launch `repetitions` times on the first GPU, its operands there, and gives the
/// milliseconds of each. `kernel` runs in place of the launch's own where it is not empty: one with
/// the same parameters and block, as "baseline_contraction_fused" has. Nothing is copied back.
/// Throws as execute_on_device.
std::vector<double> time_on_device(const launch& what, int repetitions,
                                   std::string_view kernel = {});

/// Milliseconds of cuBLAS's sgemm on square matrices of ones, in binary32 without tensor cores.
/// Throws std::runtime_error where there is no cuBLAS.
std::vector<double> time_cublas(std::int64_t size, int repetitions);

/// The launches of the calling thread on the device since it last asked, by kernel.
std::vector<std::pair<std::string_view, std::uint64_t>> take_device_launches();

}  // namespace pamkit::cuda
