#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "pamkit/cuda/launch.hpp"
#include "pamkit/ptx/launch.hpp"

namespace pamkit::cuda {

/// The kernels whose PTX is here, by file and then in the order of the file.
std::span<const ptx::kernel* const> ptx_kernels();

/// Runs a launch on the PTX of its kernel. Memory outside of the launch's own is out of bounds.
/// Throws ptx::fault where the kernel does something wrong, and std::invalid_argument where there
/// is no such kernel or its parameters have another size.
void execute_ptx(const launch& what);

/// The kernels that this thread has launched since it last asked, and how often.
std::vector<std::pair<std::string_view, std::uint64_t>> take_ptx_launches();

/// While it lives, launches of this thread have these options.
class ptx_options {
 public:
  explicit ptx_options(const ptx::launch_options& options);
  ~ptx_options();
  ptx_options(const ptx_options&) = delete;
  ptx_options& operator=(const ptx_options&) = delete;

 private:
  ptx::launch_options before_;
};

}  // namespace pamkit::cuda
