#pragma once

#include <cstdint>

/// Names of types in translated kernels, short because a program writes them by the thousand.

namespace pamkit::ptx {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s8 = std::int8_t;
using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;

/// Sizes and indices of grids, blocks and threads.
struct extent {
  u32 x = 1;
  u32 y = 1;
  u32 z = 1;

  u64 count() const { return u64{x} * y * z; }
};

}  // namespace pamkit::ptx
