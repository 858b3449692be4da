#include "device_memory.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace pamkit::cuda {

device_layout::device_layout(std::span<const memory_region> regions) {
  for (const memory_region& r : regions) {
    if (r.bytes == 0) continue;
    const auto begin = std::bit_cast<std::uintptr_t>(r.data);
    segments_.push_back({begin, begin + r.bytes, 0});
  }
  std::ranges::sort(segments_, {}, &segment::begin);
  std::vector<segment> joined;
  for (const segment& s : segments_) {
    if (!joined.empty() && s.begin < joined.back().end) {
      joined.back().end = std::max(joined.back().end, s.end);
    } else {
      joined.push_back(s);
    }
  }
  segments_ = std::move(joined);
  for (segment& s : segments_) {
    s.offset = bytes_ + s.begin % kAlignment;
    bytes_ = (s.offset + (s.end - s.begin) + kAlignment - 1) / kAlignment * kAlignment;
  }
}

std::ptrdiff_t device_layout::offset_of(std::uintptr_t address) const {
  for (const segment& s : segments_) {
    if (address >= s.begin && address < s.end) {
      return static_cast<std::ptrdiff_t>(s.offset + (address - s.begin));
    }
  }
  return -1;
}

std::vector<std::byte> device_layout::moved(std::span<const std::byte> parameters,
                                            std::uint64_t base) const {
  std::vector<std::byte> all(parameters.begin(), parameters.end());
  for (std::size_t at = 0; at + sizeof(std::uint64_t) <= all.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, &all[at], sizeof word);
    const std::ptrdiff_t offset = offset_of(word);
    if (offset < 0) continue;
    word = base + static_cast<std::uint64_t>(offset);
    std::memcpy(&all[at], &word, sizeof word);
  }
  return all;
}

namespace {

void copy_axis(std::span<const memory_region::axis> axes, std::size_t element_bytes,
               std::byte* to, const std::byte* from) {
  if (axes.empty()) {
    std::memcpy(to, from, element_bytes);
    return;
  }
  for (std::int64_t i = 0; i < axes.front().count; ++i) {
    const std::int64_t at = i * axes.front().stride;
    copy_axis(axes.subspan(1), element_bytes, to + at, from + at);
  }
}

}  // namespace

void take_back(const memory_region& region, const std::byte* from) {
  auto* const to = static_cast<std::byte*>(const_cast<void*>(region.data));
  std::size_t elements = region.element_bytes;
  for (const memory_region::axis& a : region.axes) elements *= static_cast<std::size_t>(a.count);
  if (region.axes.empty() || elements == region.bytes) {
    std::memcpy(to, from, region.bytes);
    return;
  }
  copy_axis(region.axes, region.element_bytes, to + region.first, from + region.first);
}

}  // namespace pamkit::cuda
