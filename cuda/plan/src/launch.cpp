#include "pamkit/cuda/launch.hpp"

#include <algorithm>
#include <stdexcept>

namespace pamkit::cuda {

std::uint32_t checked_blocks(std::string_view kernel, std::span<const std::int64_t> factors) {
  // A factor of 0 decides, however large the others are.
  if (std::ranges::find(factors, 0) != factors.end()) return 0;
  std::int64_t blocks = 1;
  for (const std::int64_t f : factors) {
    if (f > kMaxBlocks / blocks) {
      throw std::length_error(std::string(kernel) + ": needs more blocks than a grid holds (" +
                              std::to_string(kMaxBlocks) + "); call it for parts");
    }
    blocks *= f;
  }
  return static_cast<std::uint32_t>(blocks);
}

memory_region region_of(const void* data, std::size_t element_bytes,
                        std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides,
                        bool is_written) {
  const auto bytes = static_cast<std::int64_t>(element_bytes);
  memory_region region{.data = data, .is_written = is_written, .element_bytes = element_bytes};
  std::int64_t least = 0;
  std::int64_t greatest = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) return {.data = data, .is_written = is_written};
    const std::int64_t reach = (sizes[i] - 1) * strides[i];
    (reach < 0 ? least : greatest) += reach;
    region.axes.push_back({sizes[i], strides[i] * bytes});
  }
  region.data = static_cast<const std::byte*>(data) + least * bytes;
  region.bytes = static_cast<std::size_t>((greatest - least + 1) * bytes);
  region.first = static_cast<std::size_t>(-least * bytes);
  return region;
}

}  // namespace pamkit::cuda
