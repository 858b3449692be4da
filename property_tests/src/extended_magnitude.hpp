#pragma once

#include <bit>
#include <cstdint>

#include "pamkit/format/any_format.hpp"

namespace pamkit::properties {

/// The unit of the last kept fraction bit, as an integer on encodings.
inline std::int64_t unit_of(const format_description& f) {
  return std::int64_t{1} << f.dropped_bits;
}

/// mag(x) of a nonzero finite x as if the exponent were unbounded below: subnormals normalised.
inline std::int64_t extended_magnitude(const format_description& f, std::uint32_t x) {
  const std::int64_t m = x & f.magnitude_mask;
  const std::int64_t min = f.min_normal;
  if (m >= min || m == 0) return m;
  const int shift =
      f.fraction_bits + 1 - static_cast<int>(std::bit_width(static_cast<std::uint64_t>(m)));
  return (m << shift) - shift * min;
}

/// Fraction field of an extended magnitude.
inline std::int64_t fraction_field(const format_description& f, std::int64_t extended) {
  return extended & (std::int64_t{f.min_normal} - 1);
}

/// E of an extended magnitude: its value is 2^E (1 + F).
inline int exponent_of(const format_description& f, std::int64_t extended) {
  return static_cast<int>(extended >> f.fraction_bits) - f.bias;
}

}  // namespace pamkit::properties
