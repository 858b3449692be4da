#pragma once

#include <cstdint>

#include "pamkit/format/config.hpp"

/// The storage formats. A format is a small value type: what is fixed is static, and the one thing that
/// varies at run time (how many fraction bits `binary32m` keeps) is a member.
///
/// Every format provides
///   storage         unsigned integer type that holds one encoding
///   exponent_bits   width of the biased exponent field
///   fraction_bits   width of the stored fraction field; ONE and MIN are shifted by it
///   bias            exponent bias
///   has_infinity    whether the all-ones exponent is reserved (infinities and NaNs)
///   dropped_bits()  low fraction bits that are always zero (0 except in binary32m)

namespace pamkit {

/// IEEE 754 binary32.
struct binary32 {
  using storage = std::uint32_t;
  static constexpr int exponent_bits = 8;
  static constexpr int fraction_bits = 23;
  static constexpr int bias = 127;
  static constexpr bool has_infinity = true;
  PAMKIT_HD static constexpr int dropped_bits() { return 0; }
};

/// bfloat16: binary32's exponent range, 7 fraction bits.
struct bfloat16 {
  using storage = std::uint16_t;
  static constexpr int exponent_bits = 8;
  static constexpr int fraction_bits = 7;
  static constexpr int bias = 127;
  static constexpr bool has_infinity = true;
  PAMKIT_HD static constexpr int dropped_bits() { return 0; }
};

/// IEEE 754 binary16.
struct binary16 {
  using storage = std::uint16_t;
  static constexpr int exponent_bits = 5;
  static constexpr int fraction_bits = 10;
  static constexpr int bias = 15;
  static constexpr bool has_infinity = true;
  PAMKIT_HD static constexpr int dropped_bits() { return 0; }
};

/// OCP OFP8 E5M2.
struct e5m2 {
  using storage = std::uint8_t;
  static constexpr int exponent_bits = 5;
  static constexpr int fraction_bits = 2;
  static constexpr int bias = 15;
  static constexpr bool has_infinity = true;
  PAMKIT_HD static constexpr int dropped_bits() { return 0; }
};

/// OCP OFP8 E4M3 ("fn"): no infinities, NaN is S.1111.111 alone, the largest finite value is 448.
struct e4m3 {
  using storage = std::uint8_t;
  static constexpr int exponent_bits = 4;
  static constexpr int fraction_bits = 3;
  static constexpr int bias = 7;
  static constexpr bool has_infinity = false;
  PAMKIT_HD static constexpr int dropped_bits() { return 0; }
};

/// binary32 cut to `kept_bits` (1..23) fraction bits; stored in 32 bits, the low 23 - kept_bits are zero.
struct binary32m {
  using storage = std::uint32_t;
  static constexpr int exponent_bits = 8;
  static constexpr int fraction_bits = 23;
  static constexpr int bias = 127;
  static constexpr bool has_infinity = true;
  int kept_bits = 23;
  PAMKIT_HD constexpr int dropped_bits() const { return fraction_bits - kept_bits; }
};

/// Significant fraction bits N: those stored less those dropped.
template <class F>
PAMKIT_HD constexpr int kept_fraction_bits(F format) {
  return F::fraction_bits - format.dropped_bits();
}

/// Bits of one encoding.
template <class F>
inline constexpr int width = 1 + F::exponent_bits + F::fraction_bits;

/// The sign bit, as a mask.
template <class F>
inline constexpr std::uint32_t sign_mask = std::uint32_t{1} << (width<F> - 1);

/// All bits but the sign.
template <class F>
inline constexpr std::uint32_t magnitude_mask = sign_mask<F> - 1;

/// mag(1.0).
template <class F>
inline constexpr std::int32_t one_magnitude = std::int32_t{F::bias} << F::fraction_bits;

/// mag(smallest normal).
template <class F>
inline constexpr std::int32_t min_magnitude = std::int32_t{1} << F::fraction_bits;

/// Magnitude with an all-ones exponent and a zero fraction: infinity where the format has one.
template <class F>
inline constexpr std::int32_t top_binade = ((std::int32_t{1} << F::exponent_bits) - 1)
                                           << F::fraction_bits;

/// mag(largest finite): one unit below infinity, or below e4m3's NaN.
template <class F>
PAMKIT_HD constexpr std::int32_t max_magnitude(F format) {
  if constexpr (F::has_infinity) {
    return top_binade<F> - (std::int32_t{1} << format.dropped_bits());
  } else {
    return static_cast<std::int32_t>(magnitude_mask<F>) - 1;
  }
}

/// Encoding bits of the canonical NaN: quiet, positive, no payload.
template <class F>
inline constexpr std::uint32_t canonical_nan_bits =
    F::has_infinity ? static_cast<std::uint32_t>(top_binade<F>) |
                          (std::uint32_t{1} << (F::fraction_bits - 1))
                    : magnitude_mask<F>;

}  // namespace pamkit
