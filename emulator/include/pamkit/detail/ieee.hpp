#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "pamkit/detail/encode.hpp"

/// Correctly rounded IEEE 754 operations on encodings of any format, in integers, with gradual underflow
/// whatever the policy; only the overflow policy and the format are read.

namespace pamkit::detail {

template <class F>
PAMKIT_HD constexpr policy<F> gradual(policy<F> p) {
  p.subnormals = subnormal_policy::gradual;
  return p;
}

template <class F>
PAMKIT_HD constexpr encoding<F> ieee_mul(const policy<F>& p, encoding<F> a, encoding<F> b) {
  if (is_nan(a) || is_nan(b)) return canonical_nan<F>();
  const bool negative = sign(a) != sign(b);
  const bool any_zero = magnitude(a) == 0 || magnitude(b) == 0;
  if (is_infinite(a) || is_infinite(b)) {
    return any_zero ? canonical_nan<F>() : infinite_result(p, negative);
  }
  if (any_zero) return pack<F>(negative, 0);
  const scaled_value<F> x = scaled(a);
  const scaled_value<F> y = scaled(b);
  // 24 x 24 bits at most: the product is exact.
  return encode_scaled(gradual(p), negative, x.significand * y.significand,
                       x.exponent + y.exponent);
}

template <class F>
PAMKIT_HD constexpr encoding<F> ieee_div(const policy<F>& p, encoding<F> a, encoding<F> b) {
  if (is_nan(a) || is_nan(b)) return canonical_nan<F>();
  const bool negative = sign(a) != sign(b);
  const bool a_zero = magnitude(a) == 0;
  const bool b_zero = magnitude(b) == 0;
  if ((a_zero && b_zero) || (is_infinite(a) && is_infinite(b))) return canonical_nan<F>();
  if (a_zero || is_infinite(b)) return pack<F>(negative, 0);
  if (b_zero || is_infinite(a)) return infinite_result(p, negative);
  const scaled_value<F> x = scaled(a);
  const scaled_value<F> y = scaled(b);
  // Normalised to 24 bits, then 36 quotient bits and a sticky one: at least 35 significant, 24 needed.
  const int shift_x = 24 - bit_length(x.significand);
  const std::uint64_t dividend = x.significand << (shift_x + 36);
  const std::uint64_t quotient = dividend / y.significand;
  const std::uint64_t sticky = dividend % y.significand != 0 ? 1 : 0;
  return encode_scaled(gradual(p), negative, (quotient << 1) | sticky,
                       x.exponent - y.exponent - shift_x - 37);
}

/// floor(sqrt(x)), digit by digit.
PAMKIT_HD constexpr std::uint64_t integer_sqrt(std::uint64_t x) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 62; bit != 0; bit >>= 2) {
    const bool take = x >= root + bit;
    if (take) x -= root + bit;
    root = (root >> 1) + (take ? bit : 0);
  }
  return root;
}

template <class F>
PAMKIT_HD constexpr encoding<F> ieee_sqrt(const policy<F>& p, encoding<F> x) {
  if (is_nan(x)) return canonical_nan<F>();
  if (magnitude(x) == 0) return x;
  if (sign(x)) return canonical_nan<F>();
  if (is_infinite(x)) return infinite_result(p, false);
  const scaled_value<F> v = scaled(x);
  // To 59 or 60 bits with an even exponent: the root has 30 bits, of which 24 and a sticky one are needed.
  int shift = 60 - bit_length(v.significand);
  if (((v.exponent - shift) & 1) != 0) --shift;
  const std::uint64_t radicand = v.significand << shift;
  const std::uint64_t root = integer_sqrt(radicand);
  const std::uint64_t sticky = root * root != radicand ? 1 : 0;
  return encode_scaled(gradual(p), false, (root << 1) | sticky, (v.exponent - shift) / 2 - 1);
}

/// a - b, correctly rounded; an exact zero is +0 (but -0 - +0 is -0).
template <class F>
PAMKIT_HD constexpr encoding<F> ieee_sub(const policy<F>& p, encoding<F> a, encoding<F> b) {
  if (is_nan(a) || is_nan(b)) return canonical_nan<F>();
  const bool subtracted_sign = !sign(b);  // of -b
  if (is_infinite(a)) {
    return is_infinite(b) && sign(a) != subtracted_sign ? canonical_nan<F>() : a;
  }
  if (is_infinite(b)) return pack<F>(subtracted_sign, top_binade<F>);
  if (magnitude(a) == 0 && magnitude(b) == 0) return pack<F>(sign(a) && subtracted_sign, 0);
  if (magnitude(b) == 0) return a;
  if (magnitude(a) == 0) return pack<F>(subtracted_sign, magnitude(b));
  const bool a_larger = magnitude(a) >= magnitude(b);
  const scaled_value<F> large = scaled(a_larger ? a : b);
  const scaled_value<F> small = scaled(a_larger ? b : a);
  // 35 bits below the larger significand; what the smaller one loses there becomes a sticky bit.
  constexpr int guard = 35;
  const int distance = large.exponent - small.exponent;
  const std::uint64_t x = large.significand << guard;
  std::uint64_t y = small.significand << guard;
  if (distance >= 62) {
    y = 1;
  } else if (distance > 0) {
    const std::uint64_t kept = y >> distance;
    y = kept | ((kept << distance) != y ? 1 : 0);
  }
  const bool same_sign = sign(a) == subtracted_sign;
  const std::uint64_t sum = same_sign ? x + y : x - y;
  const bool negative = a_larger ? sign(a) : subtracted_sign;
  return encode_scaled(gradual(p), sum != 0 && negative, sum, large.exponent - guard);
}

/// The value of a finite x as a binary64, exactly.
template <class F>
inline double to_binary64(encoding<F> x) {
  if (is_nan(x)) return std::bit_cast<double>(std::uint64_t{0x7ff8000000000000});
  if (is_infinite(x)) {
    const std::uint64_t top = sign(x) ? 0xfff : 0x7ff;
    return std::bit_cast<double>(top << 52);
  }
  const scaled_value<F> v = scaled(x);
  const double value = std::ldexp(static_cast<double>(v.significand), v.exponent);
  return sign(x) ? -value : value;
}

/// A binary64 rounded once to the format. `pole` says that an infinity is an exact one (log of 0), not an
/// overflow.
template <class F>
inline encoding<F> from_binary64(const policy<F>& p, double value, bool pole) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const bool negative = (bits >> 63) != 0;
  const auto field = static_cast<int>((bits >> 52) & 0x7ff);
  const std::uint64_t fraction_field = bits & ((std::uint64_t{1} << 52) - 1);
  if (field == 0x7ff) {
    if (fraction_field != 0) return canonical_nan<F>();
    return pole ? infinite_result(p, negative) : overflowed_result(p, negative);
  }
  if (field == 0) {
    // Zero, or a binary64 subnormal: far below half the least subnormal of every format.
    return pack<F>(negative, 0);
  }
  return encode_scaled(gradual(p), negative, fraction_field | (std::uint64_t{1} << 52),
                       field - 1075);
}

}  // namespace pamkit::detail
