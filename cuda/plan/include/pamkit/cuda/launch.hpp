#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pamkit::cuda {

/// A piece of memory that a launch may touch. A kernel that reads or writes elsewhere is wrong.
struct memory_region {
  /// What lies `stride` bytes apart, `count` times.
  struct axis {
    std::int64_t count = 1;
    std::int64_t stride = 0;
  };

  const void* data = nullptr;
  std::size_t bytes = 0;
  bool is_written = false;
  /// The elements, where other memory may lie between them: `element_bytes` each, the first at
  /// `data` + `first`. Without axes all bytes are the launch's.
  std::size_t first = 0;
  std::size_t element_bytes = 0;
  std::vector<axis> axes = {};
};

/// What an executor is asked to run: one grid of one kernel.
struct launch {
  std::string_view kernel;  ///< its entry point
  std::uint32_t blocks = 0;
  const void* parameters = nullptr;  ///< the kernel's one parameter
  std::size_t parameter_bytes = 0;
  std::vector<memory_region> memory;
};

/// A grid has one dimension.
inline constexpr std::int64_t kMaxBlocks = (std::int64_t{1} << 31) - 1;

/// ceil(count / size) for count >= 0, size > 0.
constexpr std::int64_t pieces(std::int64_t count, std::int64_t size) {
  return count / size + (count % size != 0 ? 1 : 0);
}

/// Blocks for `factors` pieces each: their product. Throws std::length_error, naming the kernel,
/// where a grid cannot hold so many.
std::uint32_t checked_blocks(std::string_view kernel, std::span<const std::int64_t> factors);

/// What lies between the least and the greatest address of a batch of matrices with these strides,
/// in elements of `element_bytes`, with where these lie; nothing if there are no elements.
memory_region region_of(const void* data, std::size_t element_bytes,
                        std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides,
                        bool is_written);

}  // namespace pamkit::cuda
