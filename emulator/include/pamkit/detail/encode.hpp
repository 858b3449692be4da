#pragma once

#include <bit>
#include <cstdint>

#include "pamkit/format/encoding.hpp"
#include "pamkit/format/policy.hpp"

/// From integers to encodings: the one place where results are rounded, flushed and clamped.

namespace pamkit::detail {

/// Bits of x up to its leading one; 0 for 0. By 32-bit words: nvcc 13.0 makes the constant 64 of
/// std::countl_zero on 64 bits, whose __builtin_clzl it does not know in device code, and says nothing.
PAMKIT_HD constexpr int bit_length(std::uint64_t x) {
  const auto high = static_cast<std::uint32_t>(x >> 32);
  return high != 0 ? 64 - std::countl_zero(high)
                   : 32 - std::countl_zero(static_cast<std::uint32_t>(x));
}

/// x / 2^shift rounded to the nearest integer, ties to even. Needs x < 2^62.
PAMKIT_HD constexpr std::uint64_t shift_right_nearest(std::uint64_t x, int shift) {
  if (shift <= 0) return x;
  if (shift > 62) return 0;  // x < 2^62 is below half of 2^63
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  const std::uint64_t odd = (x >> shift) & 1;
  return (x + half - 1 + odd) >> shift;
}

/// r rounded to the nearest multiple of 2^bits, ties to even; r may be negative.
PAMKIT_HD constexpr std::int64_t round_to_multiple(std::int64_t r, int bits) {
  if (bits == 0) return r;
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  const std::int64_t odd = (r >> bits) & 1;
  return ((r + half - 1 + odd) >> bits) << bits;
}

/// An infinity that the special cases ask for (specification, "Special operands"): in a format without
/// infinities it is a NaN, or the largest finite value under saturate.
template <class F>
PAMKIT_HD constexpr encoding<F> infinite_result(const policy<F>& p, bool negative) {
  if constexpr (F::has_infinity) {
    return pack<F>(negative, top_binade<F>);
  } else {
    if (p.overflow == overflow_policy::infinity) return canonical_nan<F>();
    return pack<F>(negative, max_magnitude(p.format));
  }
}

/// What a result past the largest finite value becomes.
template <class F>
PAMKIT_HD constexpr encoding<F> overflowed_result(const policy<F>& p, bool negative) {
  if (p.overflow == overflow_policy::saturate) return pack<F>(negative, max_magnitude(p.format));
  return infinite_result(p, negative);
}

/// Whether the policy reads x as a zero.
template <class F>
PAMKIT_HD constexpr bool is_zero(const policy<F>& p, encoding<F> x) {
  return magnitude(x) == 0 ||
         (p.subnormals == subnormal_policy::flush && magnitude(x) < min_magnitude<F>);
}

/// mag(x) of a nonzero finite x with the exponent unbounded below: a subnormal is normalised to
/// (1 - s) MIN + fraction, s the shift that makes its leading bit the implicit one.
template <class F>
PAMKIT_HD constexpr std::int64_t extended_magnitude(encoding<F> x) {
  const std::int64_t m = magnitude(x);
  if (m >= min_magnitude<F>) return m;
  const int s = F::fraction_bits + 1 - bit_length(static_cast<std::uint64_t>(m));
  return (m << s) - s * std::int64_t{min_magnitude<F>};
}

/// Floor of an extended magnitude's exponent, unbiased: E of the value 2^E (1 + F).
template <class F>
PAMKIT_HD constexpr int exponent_of(std::int64_t extended) {
  return static_cast<int>(extended >> F::fraction_bits) - F::bias;
}

/// Fraction bits of an extended magnitude: F * MIN, in [0, MIN).
template <class F>
PAMKIT_HD constexpr std::int64_t fraction_of(std::int64_t extended) {
  return extended & (min_magnitude<F> - 1);
}

/// Encodes the value whose extended magnitude is r, rounding once. Needs |r| < 2^40.
template <class F>
PAMKIT_HD constexpr encoding<F> encode_magnitude(const policy<F>& p, bool negative, std::int64_t r) {
  const int dropped = p.format.dropped_bits();
  if (p.subnormals == subnormal_policy::gradual && r < min_magnitude<F>) {
    // Below the normal range the unit is the least subnormal: the significand moves right by the missing
    // exponents, and the dropped bits go in the same rounding.
    const std::int64_t biased_exponent = r >> F::fraction_bits;
    if (biased_exponent < -(F::fraction_bits + 2)) return pack<F>(negative, 0);
    const auto significand = static_cast<std::uint64_t>(min_magnitude<F> + fraction_of<F>(r));
    const int shift = static_cast<int>(1 - biased_exponent) + dropped;
    return pack<F>(negative,
                   static_cast<std::int64_t>(shift_right_nearest(significand, shift) << dropped));
  }
  const std::int64_t rounded = round_to_multiple(r, dropped);
  if (rounded < min_magnitude<F>) return pack<F>(negative, 0);
  if (rounded > max_magnitude(p.format)) return overflowed_result(p, negative);
  return pack<F>(negative, rounded);
}

/// Encodes significand * 2^exponent, rounding once. Needs significand < 2^62. A caller that lost low bits
/// keeps bit 0 set as a sticky bit, and at least two bits below the last fraction bit.
template <class F>
PAMKIT_HD constexpr encoding<F> encode_scaled(const policy<F>& p, bool negative,
                                              std::uint64_t significand, int exponent) {
  if (significand == 0) return pack<F>(negative, 0);
  const int kept = kept_fraction_bits(p.format);
  constexpr int min_exponent = 1 - F::bias;
  int leading = exponent + bit_length(significand) - 1;  // value in [2^leading, 2^(leading+1))
  const bool gradual = p.subnormals == subnormal_policy::gradual;
  const int unit = (gradual && leading < min_exponent ? min_exponent : leading) - kept;
  std::uint64_t q = unit >= exponent ? shift_right_nearest(significand, unit - exponent)
                                     : significand << (exponent - unit);
  if (q == 0) return pack<F>(negative, 0);
  leading = unit + bit_length(q) - 1;  // rounding may have carried
  if (leading < min_exponent) {
    return gradual ? pack<F>(negative, static_cast<std::int64_t>(q << p.format.dropped_bits()))
                   : pack<F>(negative, 0);
  }
  if (leading > (1 << F::exponent_bits)) return overflowed_result(p, negative);
  const int fraction_shift = F::fraction_bits + 1 - bit_length(q);  // >= 0: q has <= kept + 2 bits
  const std::uint64_t aligned = fraction_shift >= 0 ? q << fraction_shift : q >> -fraction_shift;
  const std::int64_t m = (std::int64_t{leading + F::bias} << F::fraction_bits) +
                         static_cast<std::int64_t>(aligned) - min_magnitude<F>;
  return m > max_magnitude(p.format) ? overflowed_result(p, negative) : pack<F>(negative, m);
}

/// A nonzero finite x as significand * 2^exponent, exactly; subnormals as they are.
template <class F>
struct scaled_value {
  std::uint64_t significand = 0;  ///< below 2^(fraction_bits + 1)
  int exponent = 0;
};

template <class F>
PAMKIT_HD constexpr scaled_value<F> scaled(encoding<F> x) {
  const std::int32_t m = magnitude(x);
  const bool subnormal = m < min_magnitude<F>;
  const std::int32_t field = subnormal ? 1 : m >> F::fraction_bits;
  const std::int32_t significand =
      subnormal ? m : (m & (min_magnitude<F> - 1)) + min_magnitude<F>;
  return {static_cast<std::uint64_t>(significand), field - F::bias - F::fraction_bits};
}

}  // namespace pamkit::detail
