#pragma once

#include "number.hpp"

/// Sections 5, 7, 8 and 9.1 on one case. Each function takes and gives encodings.
namespace pamkit::reference {
namespace {

template <class Integer, bool Flushes>
struct piecewise_affine {
  using number = operand<Integer>;

  explicit piecewise_affine(const rules& r) : f(r) {}

  // Each function is one chain of selections, the weightiest last.

  /// The ordinal of a product is the sum of its operands': 5.1.
  PAMKIT_LANE Integer product(const number& x, const number& y, Integer k) const {
    const Integer sign = x.sign ^ y.sign;
    const Integer zero = x.is_zero | y.is_zero;
    const Integer infinite = x.is_infinite | y.is_infinite;
    Integer r = f.encode(k, sign);
    r = pick(zero, sign, r);
    r = pick(infinite, f.asked_infinity(sign), r);
    return pick((infinite & zero) | x.is_nan | y.is_nan, f.nan, r);
  }
  PAMKIT_LANE Integer pam(Integer a, Integer b, Integer c) const {
    const number x(f, a);
    const number y(f, b);
    return product(x, y, x.ordinal + y.ordinal + c);
  }

  /// 10.3: the weight's ordinal is rounded to a whole exponent, halves upwards.
  PAMKIT_LANE Integer times_power_of_two(Integer a, Integer b) const {
    const number x(f, a);
    const number y(f, b);
    const Integer power = floor_shift<Integer>(y.ordinal + f.unit() / 2, f.N) * f.unit();
    return product(x, y, x.ordinal + power);
  }

  /// 5.2: the difference of the ordinals.
  PAMKIT_LANE Integer pad(Integer a, Integer b, Integer c) const {
    const number x(f, a);
    const number y(f, b);
    const Integer sign = x.sign ^ y.sign;
    Integer r = f.encode(x.ordinal - y.ordinal - c, sign);
    r = pick(x.is_zero | y.is_infinite, sign, r);
    r = pick(x.is_infinite | y.is_zero, f.asked_infinity(sign), r);
    const Integer none = (x.is_zero & y.is_zero) | (x.is_infinite & y.is_infinite);
    return pick(none | x.is_nan | y.is_nan, f.nan, r);
  }

  /// x in units of 2^-N, to the nearest, ties to even. What is above 2^exponent_bits is outside of
  /// every range and may be smaller.
  PAMKIT_LANE Integer fixed_point(const number& x) const {
    const Integer e = floor_shift<Integer>(x.ordinal, f.N);
    const Integer significand = (x.ordinal & (f.unit() - 1)) + f.unit();
    Integer left = e < 0 ? 0 : e;
    left = left > f.exponent_bits ? f.exponent_bits : left;
    Integer right = -e < 1 ? 1 : -e;
    right = right > f.N + 2 ? f.N + 2 : right;
    const Integer m =
        e >= 0 ? significand << left : f.nearest(significand, right);
    return ~x.is_zero & ((m ^ x.is_negative) - x.is_negative);  // -m where negative
  }

  /// 5.3: 2^floor(x) (1 + frac(x)) has the ordinal x. Where x needs rounding, abs(x) < 1, so that
  /// the result is a normal number near 1 and the unit is that of its fraction; where the result is
  /// subnormal, x is whole in units of 2^-N and `encode` rounds once.
  PAMKIT_LANE Integer paexp2(Integer a) const {
    const number x(f, a);
    Integer r = f.encode(fixed_point(x), 0);
    r = pick(x.is_infinite, ~x.is_negative & f.asked_infinity(0), r);
    return pick(x.is_nan, f.nan, r);
  }

  /// 5.3: E + F is the ordinal as a number. Results are 0 or from 2^-N to 2^exponent_bits, so that
  /// they are normal.
  PAMKIT_LANE Integer palog2(Integer a) const {
    const number x(f, a);
    const Integer size = x.ordinal < 0 ? -x.ordinal : x.ordinal;
    // Exact: below 2^31. The bits are an ordinal of 52 fraction bits; rounding it carries.
    const double converted = static_cast<double>(static_cast<std::int32_t>(size));
    const auto bits = std::bit_cast<std::uint64_t>(converted);
    const int places = 52 - f.N;
    const std::uint64_t half = std::uint64_t{1} << (places - 1);
    const std::uint64_t rounded = (bits + half - 1 + ((bits >> places) & 1)) >> places;
    const Integer k = static_cast<Integer>(rounded) -
                      (static_cast<Integer>(1023 + f.N) * f.unit());
    const Integer sign = x.ordinal < 0 ? f.sign : 0;
    Integer r = size == 0 ? Integer{0} : f.encode(k, sign);
    r = pick(x.is_infinite, f.asked_infinity(0), r);
    r = pick(x.is_negative, f.nan, r);
    r = pick(x.is_zero, f.asked_infinity(f.sign), r);
    return pick(x.is_nan, f.nan, r);
  }

  /// Section 8.
  PAMKIT_LANE Integer papow(Integer a, Integer p) const {
    const number x(f, a);
    const number y(f, p);
    const Integer power = paexp2(pam(palog2(a), p, 0));
    const Integer at_zero = pick(y.is_zero, f.one, y.is_negative & f.asked_infinity(0));
    const Integer r = pick(x.is_zero, at_zero, power);
    return pick(x.is_nan | y.is_nan, f.nan, r);
  }

  /// 2^e of that sign, encoded.
  PAMKIT_LANE Integer power(Integer e, Integer sign) const { return f.encode(e * f.unit(), sign); }
  /// F 2^N for a slope: 0 at zero and infinity.
  PAMKIT_LANE Integer fraction(const number& x) const {
    return ~(x.is_zero | x.is_infinite) & x.ordinal & (f.unit() - 1);
  }
  PAMKIT_LANE Integer exponent(const number& x) const { return floor_shift<Integer>(x.ordinal, f.N); }

  PAMKIT_LANE Integer mul_da(Integer a, Integer b, Integer c) const {
    const number x(f, a);
    const number y(f, b);
    Integer r = power(exponent(y) + floor_shift<Integer>(fraction(x) + fraction(y) + c, f.N), y.sign);
    r = pick(y.is_infinite, f.asked_infinity(y.sign), r);
    r = pick(y.is_zero, y.sign, r);
    return pick(x.is_nan | y.is_nan, f.nan, r);
  }
  PAMKIT_LANE Integer div_da(Integer a, Integer b, Integer c) const {
    const number x(f, a);
    const number y(f, b);
    Integer r = power(floor_shift<Integer>(fraction(x) - fraction(y) - c, f.N) - exponent(y), y.sign);
    r = pick(y.is_infinite, y.sign, r);
    r = pick(y.is_zero, f.asked_infinity(y.sign), r);
    return pick(x.is_nan | y.is_nan, f.nan, r);
  }
  PAMKIT_LANE Integer div_db(Integer a, Integer b, Integer c) const {
    const number x(f, a);
    const number y(f, b);
    const Integer sign = x.sign ^ f.sign;
    const Integer borrow = floor_shift<Integer>(fraction(x) - fraction(y) - c, f.N);
    Integer r = power(exponent(x) - 2 * exponent(y) + borrow, sign);
    r = pick(x.is_infinite | y.is_zero, f.asked_infinity(sign), r);
    r = pick(x.is_zero | y.is_infinite, sign, r);
    const Integer none = (x.is_zero & y.is_zero) | (x.is_infinite & y.is_infinite);
    return pick(none | x.is_nan | y.is_nan, f.nan, r);
  }
  PAMKIT_LANE Integer exp2_da(Integer a) const {
    const number x(f, a);
    // floor(x): below 1 it is 0 or -1, and `fixed_point` need not have been exact.
    const Integer floor =
        pick(mask<Integer>(exponent(x) < 0), x.is_negative, floor_shift<Integer>(fixed_point(x), f.N));
    Integer r = power(~x.is_zero & floor, 0);
    r = pick(x.is_infinite, ~x.is_negative & f.asked_infinity(0), r);
    return pick(x.is_nan, f.nan, r);
  }
  PAMKIT_LANE Integer log2_da(Integer a) const {
    const number x(f, a);
    Integer r = power(-exponent(x), 0);
    r = pick(x.is_infinite, Integer{0}, r);
    r = pick(x.is_negative, f.nan, r);
    r = pick(x.is_zero, f.asked_infinity(0), r);
    return pick(x.is_nan, f.nan, r);
  }

  number_format<Integer, Flushes> f;
};

}  // namespace
}  // namespace pamkit::reference
