#pragma once

#include <bit>
#include <cmath>

#include "pamkit/properties/property.hpp"

/// What the statements about layers need: rows, and binary32 numbers as binary64, which is exact.

namespace pamkit::properties {

inline double value_of(std::uint32_t binary32_bits) { return std::bit_cast<float>(binary32_bits); }

/// Calls f with each row of the last axis of x and the same row of y, which has the same shape.
template <class Function>
void for_each_row(const tensor& x, const tensor& y, const Function& f) {
  const auto length = static_cast<std::size_t>(x.shape.back());
  if (length == 0) return;
  for (std::size_t first = 0; first < x.encodings.size(); first += length) {
    f(std::span(x.encodings).subspan(first, length), std::span(y.encodings).subspan(first, length));
  }
}

inline bool is_all_finite(std::span<const std::uint32_t> row) {
  return std::ranges::all_of(row, [](std::uint32_t x) { return std::isfinite(value_of(x)); });
}

/// Whether every number of the row is normal.
inline bool is_all_normal(std::span<const std::uint32_t> row) {
  return std::ranges::all_of(row, [](std::uint32_t x) { return std::isnormal(value_of(x)); });
}

/// The most additions that one element passes through in a sum of n elements over 32 lanes: its
/// lane's, and five to join the lanes.
inline double lane_sum_depth(std::size_t n) { return static_cast<double>(n / 32 + 1 + 5); }

/// Half a unit of binary32, relative: 2^-24.
inline constexpr double kHalfUnit = 0x1p-24;

}  // namespace pamkit::properties
