// Piecewise affine operations on vectors of encodings of a format with infinities, one encoding to
// a lane of 32 bits, all policies and all special operands. Included once per instruction set. Each
// function states the same integers as pamkit/detail/log_linear.hpp.
#if defined(PAMKIT_SIMD_PAM_LANES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef PAMKIT_SIMD_PAM_LANES_INL_HPP
#undef PAMKIT_SIMD_PAM_LANES_INL_HPP
#else
#define PAMKIT_SIMD_PAM_LANES_INL_HPP
#endif

#include "format_lanes-inl.hpp"
#include "pamkit/format/policy.hpp"

#if PAMKIT_SIMD_HAS_KERNELS
HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {

/// The operand whose significand power_of_two rounds away.
enum class rounded_operand : std::uint8_t { none, first, second };

/// The rules of an encoding step as vectors.
template <bool Gradual, class Format = binary32>
struct pam_lanes : format_lanes<Format> {
  using format = Format;
  using lanes = format_lanes<Format>;
  using lanes::Canonical, lanes::IsNegative, lanes::MagnitudeOf, lanes::SignOf;
  using lanes::kFraction, lanes::kInf, lanes::kMagnitude, lanes::kMax, lanes::kMin, lanes::kNan,
      lanes::kOne, lanes::kSign;
  static constexpr int kPlaces = Format::fraction_bits;
  static constexpr int kShift = 23 - kPlaces;  // from fractions of the format to those of a float
  // float(m) of a subnormal's magnitude m is exact and normalised; its exponent counts from 2^0
  // where m counts from the least subnormal, and its bits beyond the format's fraction are zero. So
  // (bits(float(m)) >> kShift) - kSubnormalShift is the extended magnitude. It takes 0 to
  // -kSubnormalShift, below every extended magnitude (the least is that of m = 1).
  static constexpr std::int32_t kSubnormalShift = (126 + kPlaces) * kMin;
  // Between the two.
  static constexpr std::int32_t kBelowExtended = -(117 + kPlaces) * kMin;
  static constexpr std::int32_t kTwoHundred = kOne + 7 * kMin + (9 << (kPlaces - 4));  // 2^7 25/16
  static constexpr std::int32_t kLeast = -0x7fffffff - 1;
  // From magnitudes of the format to those of a float, after the shift.
  static constexpr std::int32_t kFloatBias = (127 - Format::bias) << 23;

  integer_vector overflowed;  ///< magnitude of a result past MAX
  integer_vector compensation;

  explicit HWY_INLINE pam_lanes(const policy<Format>& p)
      : overflowed(Integers(p.overflow == overflow_policy::saturate ? kMax : kInf)),
        compensation(Integers(p.compensation)) {}

  HWY_INLINE pam_lanes Uncompensated() const {
    pam_lanes plain = *this;
    plain.compensation = hn::Zero(integers());
    return plain;
  }

  /// Whether a magnitude is read as a zero.
  static HWY_INLINE integer_mask IsZero(integer_vector m) {
    return hn::Lt(m, Integers(Gradual ? 1 : kMin));
  }

  /// Extended magnitude of a finite operand with magnitude m; below kBelowExtended for a zero if
  /// gradual, below MIN for one if flushed.
  static HWY_INLINE integer_vector Extended(integer_vector m) {
    if constexpr (Gradual) {
      const integer_vector normalised =
          hn::Sub(hn::ShiftRight<kShift>(AsIntegers(hn::ConvertTo(floats(), m))),
                  Integers(kSubnormalShift));
      return hn::IfThenElse(hn::Lt(m, Integers(kMin)), normalised, m);
    } else {
      return m;
    }
  }

  /// Encodes an extended magnitude r <= MAX: below MIN a zero, or, if gradual, rounded to a
  /// multiple of the least subnormal: the value in units of it as a float, rounded to the nearest
  /// integer. (Values that are held from below become a float near 2^-118; of r >= MIN the
  /// conversion may be anything.)
  static HWY_INLINE integer_vector EncodeInRange(integer_vector r) {
    const integer_mask below = hn::Lt(r, Integers(kMin));
    if constexpr (Gradual) {
      const integer_vector scaled =
          hn::Add(hn::Max(r, Integers(kBelowExtended)), Integers(kSubnormalShift));
      return hn::IfThenElse(below, NearestInRange(AsFloats(hn::ShiftLeft<kShift>(scaled))), r);
    } else {
      return hn::IfThenZeroElse(below, r);
    }
  }

  /// Encodes any extended magnitude.
  HWY_INLINE integer_vector Encode(integer_vector r) const {
    return hn::IfThenElse(hn::Gt(r, Integers(kMax)), overflowed, EncodeInRange(r));
  }

  /// Magnitude of 2^k under the rules.
  HWY_INLINE integer_vector PowerOfTwo(integer_vector k) const {
    // The range is cut where every result is a zero or past MAX, so that the shift cannot overflow.
    const integer_vector cut = hn::Min(hn::Max(k, Integers(-200)), Integers(128));
    return Encode(hn::ShiftLeft<kPlaces>(hn::Add(cut, Integers(Format::bias))));
  }

  // ---- the product, in three parts: what depends on one operand alone can be moved out of a loop
  // over the other

  struct first_operand {
    integer_vector sign;
    integer_vector offset;      ///< extended magnitude - ONE + compensation
    integer_vector low;         ///< other operands above it give an r that counts
    integer_vector high;        ///< those above it are past MAX
    integer_vector at_low;      ///< magnitude of the result up to `low`
    integer_vector at_high;     ///< and above `high`
    integer_vector at_special;  ///< and for an infinity
  };
  struct second_operand {
    integer_vector sign;
    integer_vector extended;
    integer_vector special_bits;  ///< the magnitude if it is that of an infinity or a NaN, else 0
    integer_mask special;
  };

  template <rounded_operand Rounded>
  HWY_INLINE first_operand First(integer_vector a) const {
    const integer_vector m = MagnitudeOf(a);
    const integer_mask zero = IsZero(m);
    const integer_mask infinite = hn::Eq(m, Integers(kInf));
    const integer_mask nan = hn::Gt(m, Integers(kInf));
    integer_vector extended = Extended(m);
    if constexpr (Rounded == rounded_operand::first) extended = RoundToPower(extended);
    first_operand f;
    f.sign = SignOf(a);
    f.offset = hn::Add(hn::Sub(extended, Integers(kOne)), compensation);
    // Finite and not zero. b > MAX - offset overflows; offsets below -MIN cannot with b <=
    // infinity, so that the difference is kept within 31 bits.
    f.high = hn::Sub(Integers(kMax), hn::Max(f.offset, Integers(-kMin)));
    f.at_high = overflowed;
    f.at_special = Integers(kInf);
    f.at_low = hn::Zero(integers());
    if constexpr (Gradual) {
      f.low = Integers(kBelowExtended);
    } else {
      f.low = hn::Max(hn::Sub(Integers(kMin - 1), f.offset), Integers(kMin - 1));
    }
    // Zero: every finite b gives a zero, infinities give NaN. NaN: every b gives NaN.
    const integer_mask never = hn::Or(zero, nan);
    f.low = hn::IfThenElse(never, Integers(kMagnitude), f.low);
    f.at_special = hn::IfThenElse(never, Integers(kNan), f.at_special);
    // Infinity: zeros give NaN, the others infinity.
    f.low = hn::IfThenElse(infinite, Integers(Gradual ? kBelowExtended : kMin - 1), f.low);
    f.high = hn::IfThenElse(infinite, Integers(kLeast), f.high);
    f.at_high = hn::IfThenElse(infinite, Integers(kInf), f.at_high);
    f.at_low = hn::IfThenElse(hn::Or(infinite, nan), Integers(kNan), f.at_low);
    return f;
  }

  template <rounded_operand Rounded>
  HWY_INLINE second_operand Second(integer_vector b) const {
    const integer_vector m = MagnitudeOf(b);
    second_operand s;
    s.sign = SignOf(b);
    s.extended = Extended(m);
    if constexpr (Rounded == rounded_operand::second) s.extended = RoundToPower(s.extended);
    s.special = hn::Gt(m, Integers(kMax));
    s.special_bits = hn::IfThenElseZero(s.special, m);
    return s;
  }

  /// The product's encoding; a NaN may have any sign and payload.
  HWY_INLINE integer_vector Product(const first_operand& f, const second_operand& s) const {
    integer_vector r = hn::Add(f.offset, s.extended);  // wraps only above `high`
    if constexpr (Gradual) r = EncodeInRange(r);
    r = hn::IfThenElse(hn::Gt(s.extended, f.high), f.at_high, r);
    r = hn::IfThenElse(hn::Gt(s.extended, f.low), r, f.at_low);
    r = hn::IfThenElse(s.special, hn::Or(f.at_special, s.special_bits), r);
    return hn::Xor(r, hn::Xor(f.sign, s.sign));
  }

  /// Half a binade up, then the fraction cleared; zeros stay zeros.
  static HWY_INLINE integer_vector RoundToPower(integer_vector extended) {
    const integer_vector rounded =
        hn::And(hn::Add(extended, Integers(kMin / 2)), Integers(~kFraction));
    const integer_mask zero = hn::Lt(extended, Integers(Gradual ? kBelowExtended : kMin));
    return hn::IfThenElse(zero, extended, rounded);
  }

  template <rounded_operand Rounded = rounded_operand::none>
  HWY_INLINE integer_vector Mul(integer_vector a, integer_vector b) const {
    return Canonical(Product(First<Rounded>(a), Second<Rounded>(b)));
  }

  HWY_INLINE integer_vector Div(integer_vector a, integer_vector b) const {
    const integer_vector ma = MagnitudeOf(a);
    const integer_vector mb = MagnitudeOf(b);
    const integer_vector extended = Extended(ma);
    // r = extended - y; past MAX where extended > MAX + y, and for y >= 0 nowhere.
    const integer_vector y = hn::Add(hn::Sub(Extended(mb), Integers(kOne)), compensation);
    const integer_vector high = hn::Add(Integers(kMax), hn::Min(y, hn::Zero(integers())));
    integer_vector r = EncodeInRange(hn::Sub(extended, y));
    r = hn::IfThenElse(hn::Gt(extended, high), overflowed, r);
    const integer_mask a_zero = IsZero(ma);
    const integer_mask b_zero = IsZero(mb);
    const integer_mask a_infinite = hn::Eq(ma, Integers(kInf));
    const integer_mask b_infinite = hn::Eq(mb, Integers(kInf));
    r = hn::IfThenElse(hn::Or(b_zero, a_infinite), Integers(kInf), r);
    const integer_mask gives_zero = hn::Or(a_zero, b_infinite);
    r = hn::IfThenZeroElse(gives_zero, r);
    const integer_mask nan =
        hn::Or(hn::Or(hn::And(a_zero, b_zero), hn::And(a_infinite, b_infinite)),
               hn::Gt(hn::Max(ma, mb), Integers(kInf)));
    return hn::IfThenElse(nan, Integers(kNan), hn::Or(r, SignOf(hn::Xor(a, b))));
  }

  /// x 2^kPlaces as an integer, ties to even; magnitudes are cut to `limit`, at most 200. It is the
  /// float of x plus kPlaces exponents (that of a zero or subnormal becomes one below 1/2, which
  /// rounds to 0 as well).
  static HWY_INLINE integer_vector FixedPoint(integer_vector x, integer_vector limit) {
    const integer_vector m = hn::Min(MagnitudeOf(x), limit);
    const integer_vector scaled =
        hn::Add(hn::ShiftLeft<kShift>(m), Integers(kFloatBias + (kPlaces << 23)));
    const integer_vector sign = hn::ShiftLeft<32 - width<Format>>(SignOf(x));
    return NearestInRange(AsFloats(hn::Or(scaled, sign)));
  }

  HWY_INLINE integer_vector Exp2(integer_vector x) const {
    // 128 and above are past MAX, -200 and below are zeros under both policies.
    const integer_vector m = MagnitudeOf(x);
    const integer_vector limit =
        hn::IfThenElse(IsNegative(x), Integers(kTwoHundred), Integers(kOne + 7 * kMin));
    integer_vector y = Encode(hn::Add(FixedPoint(x, limit), Integers(kOne)));
    y = hn::IfThenElse(hn::Eq(x, Integers(kInf)), Integers(kInf), y);
    return hn::IfThenElse(hn::Gt(m, Integers(kInf)), Integers(kNan), y);
  }

  /// Exp2 of operands below (bias + 1) / 2 in magnitude: ONE plus x 2^kPlaces is the encoding,
  /// since the exponent stays within half the range of the normal numbers.
  static constexpr std::int32_t kSmall = kOne + (std::bit_width(unsigned{Format::bias}) - 1) * kMin;
  static HWY_INLINE integer_vector Exp2OfSmall(integer_vector x) {
    if constexpr (width<Format> == 32) {  // the sign is in its place already
      return hn::Add(NearestInRange(AsFloats(hn::Add(x, Integers(kPlaces << 23)))), Integers(kOne));
    }
    return hn::Add(FixedPoint(x, Integers(kSmall)), Integers(kOne));
  }

  HWY_INLINE integer_vector Log2(integer_vector x) const {
    const integer_vector m = MagnitudeOf(x);
    const integer_vector r = hn::Sub(Extended(m), Integers(kOne));
    integer_vector y = hn::IfThenZeroElse(hn::Eq(r, hn::Zero(integers())), Scaled(r));
    y = hn::IfThenElse(hn::Eq(m, Integers(kInf)), Integers(kInf), y);
    y = hn::IfThenElse(IsNegative(x), Integers(kNan), y);
    y = hn::IfThenElse(IsZero(m), Integers(kSign | kInf), y);
    return hn::IfThenElse(hn::Gt(m, Integers(kInf)), Integers(kNan), y);
  }

  /// r 2^-kPlaces, encoded; r is not 0 (any result). abs(r) >= 1: the result is normal.
  static HWY_INLINE integer_vector Scaled(integer_vector r) {
    const integer_vector converted = AsIntegers(hn::ConvertTo(floats(), r));
    if constexpr (kShift == 0) {
      return hn::Sub(converted, Integers(kPlaces * kMin));  // the conversion rounds
    } else {
      // abs(r) < 2^24: the conversion is exact, and rounded here, ties to even.
      const integer_vector size = hn::And(converted, Integers(0x7fffffff));
      const integer_vector odd = hn::And(hn::ShiftRight<kShift>(size), Integers(1));
      const integer_vector rounded =
          hn::ShiftRight<kShift>(hn::Add(size, hn::Add(odd, Integers((1 << (kShift - 1)) - 1))));
      const integer_vector magnitude =
          hn::Sub(rounded, Integers((127 + kPlaces - Format::bias) * kMin));
      return hn::Or(magnitude,
                    hn::IfThenElseZero(hn::Lt(r, hn::Zero(integers())), Integers(kSign)));
    }
  }

  // ---- slopes

  /// F MIN of an operand, 0 at zeros and infinities.
  static HWY_INLINE integer_vector FractionOf(integer_vector m) {
    const integer_vector fraction = hn::And(Extended(m), Integers(kFraction));
    return Gradual ? hn::IfThenZeroElse(IsZero(m), fraction)
                   : hn::IfThenZeroElse(hn::Lt(m, Integers(kMin)), fraction);
  }
  static HWY_INLINE integer_vector ExponentOf(integer_vector m) {
    return hn::Sub(hn::ShiftRight<kPlaces>(Extended(m)), Integers(Format::bias));
  }
  /// floor(Fa - Fb - f)
  HWY_INLINE integer_vector Borrow(integer_vector ma, integer_vector mb) const {
    return hn::ShiftRight<kPlaces>(hn::Sub(hn::Sub(FractionOf(ma), FractionOf(mb)), compensation));
  }

  HWY_INLINE integer_vector MulDa(integer_vector a, integer_vector b) const {
    const integer_vector ma = MagnitudeOf(a);
    const integer_vector mb = MagnitudeOf(b);
    const integer_vector carry =
        hn::ShiftRight<kPlaces>(hn::Add(hn::Add(FractionOf(ma), FractionOf(mb)), compensation));
    integer_vector r = PowerOfTwo(hn::Add(ExponentOf(mb), carry));
    r = hn::IfThenElse(hn::Eq(mb, Integers(kInf)), Integers(kInf), r);
    r = hn::IfThenZeroElse(IsZero(mb), r);
    return hn::IfThenElse(hn::Gt(hn::Max(ma, mb), Integers(kInf)), Integers(kNan),
                          hn::Or(r, SignOf(b)));
  }

  HWY_INLINE integer_vector DivDa(integer_vector a, integer_vector b) const {
    const integer_vector ma = MagnitudeOf(a);
    const integer_vector mb = MagnitudeOf(b);
    integer_vector r = PowerOfTwo(hn::Sub(Borrow(ma, mb), ExponentOf(mb)));
    r = hn::IfThenZeroElse(hn::Eq(mb, Integers(kInf)), r);
    r = hn::IfThenElse(IsZero(mb), Integers(kInf), r);
    return hn::IfThenElse(hn::Gt(hn::Max(ma, mb), Integers(kInf)), Integers(kNan),
                          hn::Or(r, SignOf(b)));
  }

  HWY_INLINE integer_vector DivDb(integer_vector a, integer_vector b) const {
    const integer_vector ma = MagnitudeOf(a);
    const integer_vector mb = MagnitudeOf(b);
    const integer_vector exponent = ExponentOf(mb);
    integer_vector r =
        PowerOfTwo(hn::Add(hn::Sub(ExponentOf(ma), hn::Add(exponent, exponent)), Borrow(ma, mb)));
    const integer_mask a_zero = IsZero(ma);
    const integer_mask b_zero = IsZero(mb);
    const integer_mask a_infinite = hn::Eq(ma, Integers(kInf));
    const integer_mask b_infinite = hn::Eq(mb, Integers(kInf));
    r = hn::IfThenElse(hn::Or(a_infinite, b_zero), Integers(kInf), r);
    r = hn::IfThenZeroElse(hn::Or(a_zero, b_infinite), r);
    const integer_mask nan =
        hn::Or(hn::Or(hn::And(a_zero, b_zero), hn::And(a_infinite, b_infinite)),
               hn::Gt(hn::Max(ma, mb), Integers(kInf)));
    return hn::IfThenElse(nan, Integers(kNan), hn::Or(r, hn::Xor(SignOf(a), Integers(kSign))));
  }

  HWY_INLINE integer_vector Exp2Da(integer_vector x) const {
    // floor(x) of |x| cut as in Exp2; conversion truncates, so negative non-integers take one less.
    const integer_vector m = MagnitudeOf(x);
    const integer_vector size =
        hn::Add(hn::ShiftLeft<kShift>(hn::Min(m, Integers(kTwoHundred))), Integers(kFloatBias));
    const integer_vector whole = hn::ConvertTo(integers(), AsFloats(size));
    const integer_vector back = AsIntegers(hn::ConvertTo(floats(), whole));
    const integer_vector below =
        hn::Sub(hn::IfThenElse(hn::Lt(back, size), Integers(-1), hn::Zero(integers())), whole);
    integer_vector r = PowerOfTwo(hn::IfThenElse(IsNegative(x), below, whole));
    r = hn::IfThenElse(IsZero(m), Integers(kOne), r);
    r = hn::IfThenElse(hn::Eq(x, Integers(kInf)), Integers(kInf), r);
    return hn::IfThenElse(hn::Gt(m, Integers(kInf)), Integers(kNan), r);
  }

  HWY_INLINE integer_vector Log2Da(integer_vector x) const {
    const integer_vector m = MagnitudeOf(x);
    integer_vector r = PowerOfTwo(hn::Sub(hn::Zero(integers()), ExponentOf(m)));
    r = hn::IfThenZeroElse(hn::Eq(m, Integers(kInf)), r);
    r = hn::IfThenElse(IsNegative(x), Integers(kNan), r);
    r = hn::IfThenElse(IsZero(m), Integers(kInf), r);
    return hn::IfThenElse(hn::Gt(m, Integers(kInf)), Integers(kNan), r);
  }
};

}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // PAMKIT_SIMD_HAS_KERNELS

#endif
