#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pamkit/cuda/launch.hpp"

namespace pamkit::cuda {

/// How the memory of a launch lies in one piece of device memory. Regions that overlap stay one, and
/// every address keeps its remainder modulo 256, on which kernels may choose their loads.
class device_layout {
 public:
  struct segment {
    std::uintptr_t begin = 0;  ///< on the host
    std::uintptr_t end = 0;
    std::size_t offset = 0;  ///< of `begin`, in the piece
  };

  explicit device_layout(std::span<const memory_region> regions);

  std::size_t bytes() const { return bytes_; }
  const std::vector<segment>& segments() const { return segments_; }

  /// Where a host address lies in the piece; -1 for one that is in no region.
  std::ptrdiff_t offset_of(std::uintptr_t address) const;

  /// The parameters of a launch with every address of its memory moved to the piece at `base`.
  /// A parameter is a struct whose addresses lie at multiples of 8; none of its numbers is as large
  /// as an address.
  std::vector<std::byte> moved(std::span<const std::byte> parameters, std::uint64_t base) const;

 private:
  static constexpr std::size_t kAlignment = 256;
  std::vector<segment> segments_;  ///< ascending
  std::size_t bytes_ = 0;
};

/// Copies what a launch wrote from `from`, a copy of the region, into the region: its elements and
/// nothing between them, which other threads may have written meanwhile.
void take_back(const memory_region& region, const std::byte* from);

}  // namespace pamkit::cuda
