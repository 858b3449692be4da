#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "pamkit/reference/golden_model.hpp"

/// Numbers of one format as integers, without branches, so that a loop over a column becomes vector
/// code. Everything is internal to the file that includes it: it is compiled for several
/// instruction sets.
namespace pamkit::reference {
namespace {

#define PAMKIT_LANE __attribute__((always_inline)) inline

/// floor(x / 2^places), for abs(x) <= 2^62 where 64 bits wide: AVX2 shifts 64 bits only without
/// their sign, so the number is moved above 0 before and back after, by a multiple of 2^places.
template <class Integer>
PAMKIT_LANE Integer floor_shift(Integer x, Integer places) {
  if constexpr (sizeof(Integer) == 8) {
    constexpr std::uint64_t kUp = std::uint64_t{1} << 62;
    const auto p = static_cast<std::uint64_t>(places);
    return static_cast<Integer>(((static_cast<std::uint64_t>(x) + kUp) >> p) - (kUp >> p));
  } else {
    return x >> places;
  }
}

/// x / 2^places for x >= 0, without the rest.
template <class Integer>
PAMKIT_LANE Integer shift_down(Integer x, Integer places) {
  using bits = std::make_unsigned_t<Integer>;
  return static_cast<Integer>(static_cast<bits>(x) >> static_cast<bits>(places));
}

/// A format under the policies. `Integer` holds a sum of two ordinals and a compensation without
/// wrapping: 32 bits for formats of up to 16 bits, else 64. With `Flushes` no number is subnormal.
template <class Integer, bool Flushes>
struct number_format {
  explicit number_format(const rules& r)
      : N(r.format.fraction_bits),
        bias(r.format.bias),
        exponent_bits(r.format.exponent_bits),
        sign(static_cast<Integer>(r.format.sign_mask)),
        magnitude(static_cast<Integer>(r.format.magnitude_mask)),
        one(static_cast<Integer>(r.format.one)),
        min(static_cast<Integer>(r.format.min_normal)),
        max(static_cast<Integer>(r.format.max_finite)),
        nan(static_cast<Integer>(r.format.nan)),
        last_number(r.format.has_infinity ? static_cast<Integer>(r.format.infinity) : max),
        infinity(r.format.has_infinity ? static_cast<Integer>(r.format.infinity) : -1),
        first_nonzero(Flushes ? min : 1) {
    const bool saturates = r.overflow == overflow_policy::saturate;
    // Section 3: what a result past MAX becomes, and what an asked infinity does.
    past_max = saturates ? max : r.format.has_infinity ? infinity : nan;
    past_max_sign = saturates || r.format.has_infinity ? sign : 0;
    asked = r.format.has_infinity ? infinity : past_max;
    asked_sign = past_max_sign;
  }

  /// (E + F) 2^N of a nonzero finite number of this magnitude.
  PAMKIT_LANE Integer ordinal(Integer m) const {
    if constexpr (Flushes) return m - one;
    // A subnormal is m 2^(1 - bias - N). Converting m < 2^23 to binary32 is exact and normalises
    // it: the bits are those of its own exponent and fraction, of which the fraction has at most
    // N - 1.
    const auto converted =
        static_cast<Integer>(std::bit_cast<std::int32_t>(static_cast<float>(static_cast<std::int32_t>(m))) - (127 << 23));
    const Integer subnormal = floor_shift<Integer>(converted, 23 - N) + (static_cast<Integer>(1 - bias - N) * unit());
    return m >= min ? m - one : subnormal;
  }

  /// The encoding of the number with this ordinal (section 4), of that sign.
  PAMKIT_LANE Integer encode(Integer k, Integer sign_bit) const {
    const Integer normal = k + one;
    if constexpr (Flushes) {
      const Integer m = normal >= min ? normal : 0;
      return normal > max ? past_max | (sign_bit & past_max_sign) : m | sign_bit;
    }
    // Below MIN, 2^E (1 + F) is a fraction of the least subnormal: its significand moves right by
    // the missing exponents, rounded once. By N + 2 places it is less than half.
    Integer places = (1 - bias) - floor_shift<Integer>(k, N);
    places = places < 1 ? 1 : places;
    places = places > N + 2 ? N + 2 : places;
    const Integer significand = (k & (unit() - 1)) + unit();
    const Integer subnormal = nearest(significand, places);
    const Integer m = normal >= min ? normal : subnormal;
    return normal > max ? past_max | (sign_bit & past_max_sign) : m | sign_bit;
  }

  /// x / 2^places, ties to even; 0 < places <= N + 2, 0 <= x < 2 unit().
  PAMKIT_LANE Integer nearest(Integer x, Integer places) const {
    // 2^(places - 1). g++ has no vector code for a constant of 64 bits shifted by a variable.
    const Integer half = shift_down<Integer>(unit() << places, N + 1);
    return shift_down<Integer>(x + half - 1 + (shift_down<Integer>(x, places) & 1), places);
  }

  PAMKIT_LANE Integer asked_infinity(Integer sign_bit) const {
    return asked | (sign_bit & asked_sign);
  }
  PAMKIT_LANE Integer unit() const { return min; }  ///< of ordinals: 2^N is one exponent

  int N;
  int bias;
  int exponent_bits;
  Integer sign, magnitude, one, min, max, nan;
  Integer last_number;    ///< larger magnitudes are NaNs
  Integer infinity;       ///< no magnitude where there is none
  Integer first_nonzero;  ///< smaller magnitudes are zeros
  Integer past_max = 0, past_max_sign = 0, asked = 0, asked_sign = 0;
};

/// -1 or 0: conditions are masks, which combine with & and | in the same lanes as the numbers.
template <class Integer>
PAMKIT_LANE Integer mask(bool condition) {
  return condition ? Integer{-1} : Integer{0};
}

/// `yes` where the mask is -1, `no` where it is 0.
template <class Integer>
PAMKIT_LANE Integer pick(Integer where, Integer yes, Integer no) {
  return (where & yes) | (~where & no);
}

/// An operand taken apart.
template <class Integer>
struct operand {
  template <bool Flushes>
  PAMKIT_LANE operand(const number_format<Integer, Flushes>& f, Integer bits)
      : sign(bits & f.sign),
        magnitude(bits & f.magnitude),
        is_negative(mask<Integer>(sign != 0)),
        is_nan(mask<Integer>(magnitude > f.last_number)),
        is_infinite(mask<Integer>(magnitude == f.infinity)),
        is_zero(mask<Integer>(magnitude < f.first_nonzero)),
        ordinal(f.ordinal(magnitude)) {}

  Integer sign;
  Integer magnitude;
  Integer is_negative;
  Integer is_nan;
  Integer is_infinite;
  Integer is_zero;
  Integer ordinal;  ///< of a nonzero finite number
};

}  // namespace
}  // namespace pamkit::reference
