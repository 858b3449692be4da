#pragma once

#include <span>

#include "pamkit/ptx/kernel.hpp"
#include "pamkit/ptx/memory.hpp"

namespace pamkit::ptx {

/// In which order the threads of a block run between two barriers. Results must not depend on it.
enum class thread_order : u8 { ascending, descending, shuffled };

struct launch_options {
  thread_order order = thread_order::ascending;
  u64 seed = 1;              ///< of the shuffled order
  bool hashed_sums = false;  ///< see hashed_sum.hpp
  u32 dynamic_shared_bytes = 0;
  u32 first_block = 0;  ///< those before it, in the grid's x, do not run
};

/// Runs a kernel to its end, block by block. `parameters` is laid out as the kernel's parameter
/// space. Throws `fault` where an access is wrong, where threads of a block meet at different
/// barriers or not at all, and where lanes exchange with lanes that are not there; throws
/// std::invalid_argument for a launch that no device would take.
void run(const kernel& k, extent grid, extent block_size, std::span<const std::byte> parameters,
         memory& global, const launch_options& options = {});

}  // namespace pamkit::ptx
