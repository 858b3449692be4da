#pragma once

#include "pamkit/detail/encode.hpp"

/// Piecewise affine operations as integer operations on encodings. Read as fixed-point numbers, magnitudes
/// are piecewise linear logarithms, so a product is a sum of magnitudes less one bias.

namespace pamkit::detail {

/// pam: mag(a) + mag(b) - ONE + compensation (Kosson & Jaggi, Eq. 5-8; the range is decided on the sum, whose
/// fraction carry has raised the exponent already).
template <class F>
PAMKIT_HD constexpr encoding<F> pam_mul(const policy<F>& p, encoding<F> a, encoding<F> b) {
  if (is_nan(a) || is_nan(b)) return canonical_nan<F>();
  const bool negative = sign(a) != sign(b);
  if (is_infinite(a) || is_infinite(b)) {
    if (is_zero(p, a) || is_zero(p, b)) return canonical_nan<F>();
    return infinite_result(p, negative);
  }
  if (is_zero(p, a) || is_zero(p, b)) return pack<F>(negative, 0);
  return encode_magnitude(
      p, negative,
      extended_magnitude(a) + extended_magnitude(b) - one_magnitude<F> + p.compensation);
}

/// pad: mag(a) - mag(b) + ONE - compensation (Eq. 14-17).
template <class F>
PAMKIT_HD constexpr encoding<F> pam_div(const policy<F>& p, encoding<F> a, encoding<F> b) {
  if (is_nan(a) || is_nan(b)) return canonical_nan<F>();
  const bool negative = sign(a) != sign(b);
  const bool a_zero = is_zero(p, a);
  const bool b_zero = is_zero(p, b);
  if ((a_zero && b_zero) || (is_infinite(a) && is_infinite(b))) return canonical_nan<F>();
  if (a_zero || is_infinite(b)) return pack<F>(negative, 0);
  if (b_zero || is_infinite(a)) return infinite_result(p, negative);
  return encode_magnitude(
      p, negative,
      extended_magnitude(a) - extended_magnitude(b) + one_magnitude<F> - p.compensation);
}

/// paexp2: RN_to_integer(x 2^fraction_bits) + ONE (Eq. 9); the product is an exponent shift.
template <class F>
PAMKIT_HD constexpr encoding<F> pam_exp2(const policy<F>& p, encoding<F> x) {
  if (is_nan(x)) return canonical_nan<F>();
  if (is_infinite(x)) return sign(x) ? pack<F>(false, 0) : infinite_result(p, false);
  if (is_zero(p, x)) return pack<F>(false, one_magnitude<F>);
  const std::int64_t extended = extended_magnitude(x);
  const auto significand = static_cast<std::uint64_t>(min_magnitude<F> + fraction_of<F>(extended));
  // x 2^fraction_bits = significand 2^exponent. From 2^(exponent_bits + 1) on every result is out of range
  // on either side, so larger exponents may be cut there: |r| stays below 2^(24 + 10).
  constexpr int cut = F::exponent_bits + 1;
  const int exponent = exponent_of<F>(extended) < cut ? exponent_of<F>(extended) : cut;
  std::int64_t shifted = 0;
  if (exponent >= 0) {
    shifted = static_cast<std::int64_t>(significand << exponent);  // exact: rounded below, once
  } else {
    // |x| < 1: the result is a normal near 1 and its unit is the fraction unit. ONE is an even multiple of
    // it, so rounding x first is rounding the sum.
    const int dropped = p.format.dropped_bits();
    shifted = static_cast<std::int64_t>(shift_right_nearest(significand, dropped - exponent)
                                        << dropped);
  }
  return encode_magnitude(p, false, one_magnitude<F> + (sign(x) ? -shifted : shifted));
}

/// palog2: (mag(x) - ONE) 2^-fraction_bits, converted to the format (Eq. 10).
template <class F>
PAMKIT_HD constexpr encoding<F> pam_log2(const policy<F>& p, encoding<F> x) {
  if (is_nan(x)) return canonical_nan<F>();
  if (is_zero(p, x)) return infinite_result(p, true);
  if (sign(x)) return canonical_nan<F>();
  if (is_infinite(x)) return infinite_result(p, false);
  const std::int64_t r = extended_magnitude(x) - one_magnitude<F>;
  return encode_scaled(p, r < 0, static_cast<std::uint64_t>(r < 0 ? -r : r), -F::fraction_bits);
}

/// +-2^k, encoded under the policies.
template <class F>
PAMKIT_HD constexpr encoding<F> power_of_two(const policy<F>& p, bool negative, int k) {
  return encode_magnitude(p, negative, (std::int64_t{k} + F::bias) * min_magnitude<F>);
}

/// An operand's exponent and fraction for a slope; the fraction counts as 0 at zero and at infinity.
struct slope_operand {
  bool zero = false;
  bool infinite = false;
  int exponent = 0;           ///< meaningless at zero and infinity
  std::int64_t fraction = 0;  ///< F * MIN
};

template <class F>
PAMKIT_HD constexpr slope_operand read_slope_operand(const policy<F>& p, encoding<F> x) {
  if (is_zero(p, x)) return {.zero = true};
  if (is_infinite(x)) return {.infinite = true};
  const std::int64_t extended = extended_magnitude(x);
  return {.exponent = exponent_of<F>(extended), .fraction = fraction_of<F>(extended)};
}

/// Slope of pam(a, b) in a: sign(b) 2^(Eb + floor(Fa + Fb + f)).
template <class F>
PAMKIT_HD constexpr encoding<F> pam_mul_da(const policy<F>& p, encoding<F> a, encoding<F> b) {
  if (is_nan(a) || is_nan(b)) return canonical_nan<F>();
  const slope_operand x = read_slope_operand(p, a);
  const slope_operand y = read_slope_operand(p, b);
  if (y.zero) return pack<F>(sign(b), 0);
  if (y.infinite) return infinite_result(p, sign(b));
  const std::int64_t carry = (x.fraction + y.fraction + p.compensation) >> F::fraction_bits;
  return power_of_two(p, sign(b), y.exponent + static_cast<int>(carry));
}

/// floor(Fa - Fb - f): 0 or a negative integer.
template <class F>
PAMKIT_HD constexpr int borrow(const policy<F>& p, slope_operand x, slope_operand y) {
  return static_cast<int>((x.fraction - y.fraction - p.compensation) >> F::fraction_bits);
}

/// Slope of pad(a, b) in a: sign(b) 2^(-Eb + floor(Fa - Fb - f)).
template <class F>
PAMKIT_HD constexpr encoding<F> pam_div_da(const policy<F>& p, encoding<F> a, encoding<F> b) {
  if (is_nan(a) || is_nan(b)) return canonical_nan<F>();
  const slope_operand x = read_slope_operand(p, a);
  const slope_operand y = read_slope_operand(p, b);
  if (y.zero) return infinite_result(p, sign(b));
  if (y.infinite) return pack<F>(sign(b), 0);
  return power_of_two(p, sign(b), borrow(p, x, y) - y.exponent);
}

/// Slope of pad(a, b) in b: -sign(a) 2^(Ea - 2 Eb + floor(Fa - Fb - f)).
template <class F>
PAMKIT_HD constexpr encoding<F> pam_div_db(const policy<F>& p, encoding<F> a, encoding<F> b) {
  if (is_nan(a) || is_nan(b)) return canonical_nan<F>();
  const slope_operand x = read_slope_operand(p, a);
  const slope_operand y = read_slope_operand(p, b);
  if ((x.zero && y.zero) || (x.infinite && y.infinite)) return canonical_nan<F>();
  if (x.zero || y.infinite) return pack<F>(!sign(a), 0);
  if (x.infinite || y.zero) return infinite_result(p, !sign(a));
  return power_of_two(p, !sign(a), x.exponent - 2 * y.exponent + borrow(p, x, y));
}

/// Slope of paexp2: 2^floor(x).
template <class F>
PAMKIT_HD constexpr encoding<F> pam_exp2_da(const policy<F>& p, encoding<F> x) {
  if (is_nan(x)) return canonical_nan<F>();
  if (is_infinite(x)) return sign(x) ? pack<F>(false, 0) : infinite_result(p, false);
  if (is_zero(p, x)) return pack<F>(false, one_magnitude<F>);
  const std::int64_t extended = extended_magnitude(x);
  const int exponent = exponent_of<F>(extended);
  if (exponent < 0) return power_of_two(p, false, sign(x) ? -1 : 0);
  // Beyond 2^(exponent_bits + 1) every slope is out of range, as in pam_exp2.
  constexpr int cut = F::exponent_bits + 1;
  const std::int64_t significand = min_magnitude<F> + fraction_of<F>(extended);
  const std::int64_t scaled_x = significand << (exponent < cut ? exponent : cut);
  return power_of_two(
      p, false, static_cast<int>((sign(x) ? -scaled_x : scaled_x) >> F::fraction_bits));
}

/// Slope of palog2: 2^-Ex.
template <class F>
PAMKIT_HD constexpr encoding<F> pam_log2_da(const policy<F>& p, encoding<F> x) {
  if (is_nan(x)) return canonical_nan<F>();
  if (is_zero(p, x)) return infinite_result(p, false);
  if (sign(x)) return canonical_nan<F>();
  if (is_infinite(x)) return pack<F>(false, 0);
  return power_of_two(p, false, -exponent_of<F>(extended_magnitude(x)));
}

}  // namespace pamkit::detail
