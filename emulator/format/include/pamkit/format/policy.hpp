#pragma once

#include <cstdint>

#include "pamkit/format/formats.hpp"

namespace pamkit {

/// flush: a subnormal operand is a zero of its sign, and a result (rounded as if the exponent were
/// unbounded) below the smallest normal is a zero of its sign. gradual: subnormal operands are normalised,
/// and a result is rounded once, at the coarser of its fraction unit and the least subnormal.
enum class subnormal_policy : std::uint8_t { flush, gradual };

/// What a result past the largest finite value becomes: infinity of its sign (NaN in e4m3), or the largest
/// finite value of its sign.
enum class overflow_policy : std::uint8_t { infinity, saturate };

/// The rules under which results of format F are encoded.
template <class F>
struct policy {
  subnormal_policy subnormals = subnormal_policy::flush;
  overflow_policy overflow = overflow_policy::infinity;
  /// mag(RN(alpha)) - ONE for a factor alpha in [1, 2), in F; acts in products and quotients only.
  std::int32_t compensation = 0;
  F format{};

  /// The same rules without compensation, for compositions and for applying slopes.
  PAMKIT_HD constexpr policy uncompensated() const {
    policy p = *this;
    p.compensation = 0;
    return p;
  }
};

}  // namespace pamkit
