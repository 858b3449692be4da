#pragma once

#include <cstdint>

/// Into what the vector kernels cut a matrix product: rows and columns of the output, terms of its
/// sums. No bit depends on them; cases that are to meet a second block are made by them.
///
/// A panel of the packed right block (kTermBlock terms of some vectors) and the left block stay in
/// the second-level cache while all tiles of the left block read the panel; the right block as a
/// whole may lie in the third. Narrower ones would be packed for fewer sums each.
namespace pamkit::simd {

inline constexpr std::int64_t kRowBlock = 96;
inline constexpr std::int64_t kColumnBlock = 2048;
inline constexpr std::int64_t kTermBlock = 512;

}  // namespace pamkit::simd
