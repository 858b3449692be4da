#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

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
  /// The same with one thread of the operating system each, for tools that look for races.
  void (*run_on_threads)(std::uint32_t block, const void* parameters) = nullptr;
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

template <class Kernel, class Block>
void run_block(std::uint32_t block, const void* parameters) {
  using shared_memory = typename Kernel::shared_memory;
  static_assert(std::is_trivially_copyable_v<typename Kernel::parameters> &&
                sizeof(typename Kernel::parameters) <= 4096);
  const auto& p = *static_cast<const typename Kernel::parameters*>(parameters);
  const auto shared = std::make_unique_for_overwrite<shared_memory>();
  poison(*shared);
  Block(Kernel::threads, block).run([&](const typename Block::thread& t) {
    Kernel::run(t, *shared, p);
  });
}

/// The entry of a kernel type.
template <class Kernel>
kernel host_kernel(std::string_view name) {
  static_assert(Kernel::threads % 32 == 0);
  return {.name = name,
          .threads = Kernel::threads,
          .parameter_bytes = sizeof(typename Kernel::parameters),
          .shared_bytes = sizeof(typename Kernel::shared_memory),
          .run_on_fibers = run_block<Kernel, fiber_block>,
          .run_on_threads = run_block<Kernel, thread_block>};
}

}  // namespace pamkit::cuda
