#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "pamkit/backend.hpp"
#include "pamkit/cuda/launch.hpp"
#include "pamkit/cuda/thread_block.hpp"

namespace pamkit::cuda {

/// "cuda-host": the CUDA kernels, compiled as C++, on fibers of the calling thread.
const backend& host_backend();

/// Runs a launch as that backend does, its blocks on up to `threads` (>= 1) threads. Throws
/// std::invalid_argument where there is no such kernel or its parameters have another size, and
/// std::logic_error where threads of a block wait for each other in vain.
void execute_on_fibers(const launch& what, int threads);

/// The same, each thread of the grid a thread of the operating system, and no block ordered before
/// another one: for ThreadSanitizer, and small grids. Tells what the first thread did.
thread_trace execute_on_threads(const launch& what, const thread_fault& fault = {});

/// Blocks of a kernel that this process has run on fibers so far.
std::uint64_t blocks_run(std::string_view kernel);

/// The launches of the calling thread on fibers since it last asked, by kernel.
std::vector<std::pair<std::string_view, std::uint64_t>> take_launches();

}  // namespace pamkit::cuda
