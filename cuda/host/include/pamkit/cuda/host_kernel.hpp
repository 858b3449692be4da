#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "pamkit/cuda/fiber_block.hpp"
#include "pamkit/cuda/thread_block.hpp"

/// Kernels as the host knows them: one entry for each entry point.

namespace pamkit::cuda {

/// One kernel of cuda/kernels/instances/.
struct kernel {
  std::string_view name;            ///< of the entry point
  int threads = 0;                  ///< of a block
  std::size_t parameter_bytes = 0;  ///< of the one parameter, a struct
  std::size_t shared_bytes = 0;     ///< of a block
  /// Runs one block, its threads as fibers of the calling thread. Throws std::logic_error where
  /// threads wait for each other in vain.
  void (*run_on_fibers)(std::uint32_t block, const void* parameters) = nullptr;
  /// Runs a grid of so many blocks with a thread of the operating system for each of theirs, for
  /// tools that look for races: no block is ordered before another one. All threads are
  /// kept until the last has ended, which is for small grids. Tells what the first one did.
  thread_trace (*run_on_threads)(std::uint32_t blocks, const void* parameters,
                                 const thread_fault& fault) = nullptr;
};

/// All kernels, by file and then in the order of the file.
std::span<const kernel* const> kernels();

/// The kernel of an entry point, or nullptr.
const kernel* find_kernel(std::string_view name);

/// Shared memory starts without a value: NaNs that no result may show.
template <class Shared>
void poison(Shared& shared) {
  static_assert(std::is_trivially_copyable_v<Shared> &&
                std::is_trivially_default_constructible_v<Shared>);
  std::memset(&shared, 0xff, sizeof(Shared));
}

template <class Kernel>
const typename Kernel::parameters& parameters_of_launch(const void* parameters) {
  static_assert(std::is_trivially_copyable_v<typename Kernel::parameters> &&
                sizeof(typename Kernel::parameters) <= 4096);
  return *static_cast<const typename Kernel::parameters*>(parameters);
}

template <class Kernel>
void run_block_on_fibers(std::uint32_t block, const void* parameters) {
  const auto& p = parameters_of_launch<Kernel>(parameters);
  const auto shared = std::make_unique_for_overwrite<typename Kernel::shared_memory>();
  poison(*shared);
  fiber_block(Kernel::threads, block).run([&](const fiber_block::thread& t) {
    Kernel::run(t, *shared, p);
  });
}

template <class Kernel>
thread_trace run_grid_on_threads(std::uint32_t blocks, const void* parameters,
                                 const thread_fault& fault) {
  const auto& p = parameters_of_launch<Kernel>(parameters);
  // Shared memory is kept until the end: to give it back is to write it, unordered with its use.
  struct block_of_grid {
    typename Kernel::shared_memory shared;
    thread_block block;
    block_of_grid(std::uint32_t index, const thread_fault& f) : block(Kernel::threads, index, f) {
      poison(shared);
    }
  };
  std::vector<std::unique_ptr<block_of_grid>> grid;
  const auto start = [&](std::uint32_t index) {
    block_of_grid& b = *grid.emplace_back(std::make_unique<block_of_grid>(index, fault));
    b.block.run_unordered(
        [&shared = b.shared, &p](const thread_block::thread& t) { Kernel::run(t, shared, p); });
  };
  for (std::uint32_t index = 0; index < blocks; ++index) start(index);
  if (fault.repeats_first_block) start(0);
  thread_block::join();
  return grid.empty() ? thread_trace{} : grid.front()->block.trace();
}

/// The entry of a kernel type.
template <class Kernel>
kernel host_kernel(std::string_view name) {
  static_assert(Kernel::threads % 32 == 0);
  return {.name = name,
          .threads = Kernel::threads,
          .parameter_bytes = sizeof(typename Kernel::parameters),
          .shared_bytes = sizeof(typename Kernel::shared_memory),
          .run_on_fibers = run_block_on_fibers<Kernel>,
          .run_on_threads = run_grid_on_threads<Kernel>};
}

}  // namespace pamkit::cuda
