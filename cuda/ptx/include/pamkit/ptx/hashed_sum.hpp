#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

/// A stand-in for binary32 addition that forgets nothing.
///
/// Sums of numbers absorb: a term that is lost, doubled or out of place shows only where it is
/// large enough. This "sum" is commutative, as addition is, but not associative, and every bit of
/// every term and the order of the terms decide its result. A kernel whose additions are replaced
/// by it has to give exactly what the golden model gives with the same replacement.

namespace pamkit::ptx {

/// The stand-in. It keeps what results may rest on by definition: zeros are neutral, infinities and
/// NaNs follow IEEE 754. Otherwise the result is a positive number in [1/4, 64) with 26 hashed
/// bits, so that what follows (exponentials, roots, quotients) stays away from the special cases
/// that would hide it.
inline std::uint32_t hashed_add(std::uint32_t a, std::uint32_t b) {
  constexpr std::uint32_t kMagnitude = 0x7fffffff;
  constexpr std::uint32_t kInfinity = 0x7f800000;
  const bool a_zero = (a & kMagnitude) == 0;
  const bool b_zero = (b & kMagnitude) == 0;
  if (a_zero && b_zero) return a & b;  // -0 only for two of them
  const bool is_finite = std::max(a & kMagnitude, b & kMagnitude) < kInfinity;
  if (!is_finite) {
    const float sum = std::bit_cast<float>(a) + std::bit_cast<float>(b);
    return sum != sum ? 0x7fc00000 : std::bit_cast<std::uint32_t>(sum);
  }
  if (a_zero) return b;
  if (b_zero) return a;
  // The finaliser of MurmurHash3 on the ordered pair: every input bit reaches every output bit.
  std::uint64_t h = std::uint64_t{std::min(a, b)} << 32 | std::max(a, b);
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53;
  h ^= h >> 33;
  // Exponent fields 125 to 132: 2^-2 to 2^5.
  return ((125u << 23) + static_cast<std::uint32_t>(h & 0x3ffffff));
}

}  // namespace pamkit::ptx
