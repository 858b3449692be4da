// Elementwise operations of exact and adder on binary32, bfloat16 and binary16: the IEEE operations
// of the machine, a NaN made canonical, an overflow as the policy says. The transcendental
// functions of exact are the C library's and stay scalar.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ieee_elementwise.cpp"
#include <hwy/foreach_target.h>
// clang-format off
#include "map-inl.hpp"
// clang-format on
#include "kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {
#if PAMKIT_SIMD_HAS_KERNELS

/// Encodings as floats and back. A format of fewer bits takes the operation in binary32 and rounds
/// again, which changes nothing: 24 bits are at least twice its 11 or 8 and two more, so that what
/// binary32 rounds is not at a point halfway between two encodings unless its exact value is
/// (Figueroa, "When is double rounding innocuous?", 1995). That holds where bfloat16, and with it
/// binary32, underflows: sums have no bits below 2^-133; a product of 16 bits at 2^-134 or above
/// has none below 2^-149, and one below 2^-134, half of the least subnormal, stays at or below that
/// and rounds to 0; a quotient differs from a midpoint m of j bits by m 2^-(8+j), 2^-142 at least.
template <class Format>
struct float_lanes : format_lanes<Format> {
  using lanes = format_lanes<Format>;
  using lanes::kInf, lanes::kMax, lanes::kMin, lanes::kNan, lanes::kSign, lanes::MagnitudeOf,
      lanes::SignOf;
  static constexpr int kShift = 23 - Format::fraction_bits;
  static constexpr int kSignShift = 32 - width<Format>;
  static constexpr std::int32_t kFloatBias = (127 - Format::bias) << 23;

  static HWY_INLINE float_vector Widen(integer_vector x) {
    if constexpr (Format::exponent_bits == 8) return AsFloats(hn::ShiftLeft<kShift>(x));
    const integer_vector m = MagnitudeOf(x);
    integer_vector r = hn::Add(hn::ShiftLeft<kShift>(m), Integers(kFloatBias));
    // Exponents of the float of a subnormal count from 2^0, where m counts from the least one.
    const integer_vector subnormal =
        hn::Sub(AsIntegers(hn::ConvertTo(floats(), m)), Integers(kUnits));
    r = hn::IfThenElse(hn::Lt(m, Integers(kMin)), subnormal, r);
    r = hn::IfThenZeroElse(hn::Eq(m, hn::Zero(integers())), r);
    const integer_vector special = hn::Or(hn::ShiftLeft<kShift>(m), Integers(kFloatInfinity));
    r = hn::IfThenElse(hn::Gt(m, Integers(kMax)), special, r);
    return AsFloats(hn::Or(r, hn::ShiftLeft<kSignShift>(SignOf(x))));
  }

  /// The encoding of a result, rounded to the nearest, ties to even; where it overflows in the
  /// lanes of `finite`, what the policy says.
  static HWY_INLINE integer_vector Narrow(const configuration& c, float_vector result,
                                          integer_mask finite) {
    const integer_vector bits = AsIntegers(result);
    const integer_vector m = hn::And(bits, Integers(0x7fffffff));
    integer_vector r = m;
    if constexpr (kShift != 0) {
      const integer_vector odd = hn::And(hn::ShiftRight<kShift>(m), Integers(1));
      r = hn::Add(m, hn::Add(odd, Integers((1 << (kShift - 1)) - 1)));
      r = hn::Sub(hn::ShiftRight<kShift>(r), Integers(kFloatBias >> kShift));
      if constexpr (Format::exponent_bits != 8) {
        // Below MIN: in units of the least subnormal.
        const integer_vector units =
            NearestInRange(AsFloats(hn::Add(hn::Min(m, Integers(kLeastNormal)), Integers(kUnits))));
        r = hn::IfThenElse(hn::Lt(m, Integers(kLeastNormal)), units, r);
      }
      r = hn::Min(r, Integers(kInf));
    }
    const integer_mask overflowed = hn::And(finite, hn::Eq(r, Integers(kInf)));
    if (c.overflow == overflow_policy::saturate) {
      r = hn::IfThenElse(overflowed, Integers(kMax), r);
    }
    r = hn::Or(r, hn::And(ShiftedSign(bits), Integers(kSign)));
    return hn::IfThenElse(hn::Gt(m, Integers(kFloatInfinity)), Integers(kNan), r);
  }

 private:
  static constexpr std::int32_t kFloatInfinity = 0x7f800000;
  static constexpr std::int32_t kUnits = (Format::bias - 1 + Format::fraction_bits) << 23;
  static constexpr std::int32_t kLeastNormal = (128 - Format::bias) << 23;

  static HWY_INLINE integer_vector ShiftedSign(integer_vector bits) {
    return hn::ShiftRight<kSignShift>(bits);  // copies of the sign above it are cut
  }
};

template <class Function>
bool MapFormats(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                std::uint32_t* out, std::size_t count, const Function& f) {
  return WithVectorFormat(c, [&]<class Format>(Format) {
    Map(a, b, out, count,
        [&](integer_vector x, integer_vector y) { return f(float_lanes<Format>(), x, y); });
  });
}

void ExactMul(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
              std::uint32_t* out, std::size_t count) {
  const auto mul = [&](auto lanes, integer_vector x, integer_vector y) {
    const integer_mask finite =
        hn::Lt(hn::Max(lanes.MagnitudeOf(x), lanes.MagnitudeOf(y)), Integers(lanes.kInf));
    return lanes.Narrow(c, hn::Mul(lanes.Widen(x), lanes.Widen(y)), finite);
  };
  if (!MapFormats(c, a, b, out, count, mul)) MapScalar("mul", "exact", c, a, b, out, count);
}

void ExactDiv(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
              std::uint32_t* out, std::size_t count) {
  const auto div = [&](auto lanes, integer_vector x, integer_vector y) {
    const integer_mask finite = hn::And(hn::Lt(lanes.MagnitudeOf(x), Integers(lanes.kInf)),
                                        hn::Gt(lanes.MagnitudeOf(y), hn::Zero(integers())));
    return lanes.Narrow(c, hn::Div(lanes.Widen(x), lanes.Widen(y)), finite);
  };
  if (!MapFormats(c, a, b, out, count, div)) MapScalar("div", "exact", c, a, b, out, count);
}

void ExactSqrt(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
               std::uint32_t* out, std::size_t count) {
  const auto sqrt = [&](auto lanes, integer_vector x, integer_vector) {
    const integer_mask finite = hn::Lt(lanes.MagnitudeOf(x), Integers(lanes.kInf));
    return lanes.Narrow(c, hn::Sqrt(lanes.Widen(x)), finite);
  };
  if (!MapFormats(c, a, nullptr, out, count, sqrt)) MapScalar("sqrt", "exact", c, a, b, out, count);
}

/// -abs(RN(a - b)); its overflow is an infinity in binary32 whatever the policy.
void AdderMul(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
              std::uint32_t* out, std::size_t count) {
  const auto mul = [&](auto lanes, integer_vector x, integer_vector y) {
    integer_mask finite =
        hn::Lt(hn::Max(lanes.MagnitudeOf(x), lanes.MagnitudeOf(y)), Integers(lanes.kInf));
    if constexpr (decltype(lanes)::kShift == 0) finite = hn::FirstN(integers(), 0);
    const integer_vector difference =
        lanes.Narrow(c, hn::Sub(lanes.Widen(x), lanes.Widen(y)), finite);
    return lanes.Canonical(hn::Or(difference, Integers(lanes.kSign)));
  };
  if (!MapFormats(c, a, b, out, count, mul)) MapScalar("mul", "adder", c, a, b, out, count);
}

elementwise_function ExactOperation(std::string_view operation) {
  if (operation == "mul") return ExactMul;
  if (operation == "div") return ExactDiv;
  if (operation == "sqrt") return ExactSqrt;
  return nullptr;
}
elementwise_function AdderOperation(std::string_view operation) {
  return operation == "mul" ? AdderMul : nullptr;
}

#else

elementwise_function ExactOperation(std::string_view) { return nullptr; }
elementwise_function AdderOperation(std::string_view) { return nullptr; }

#endif
}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pamkit::simd {

HWY_EXPORT(ExactOperation);
HWY_EXPORT(AdderOperation);

elementwise_function exact_elementwise(std::string_view operation) {
  return HWY_DYNAMIC_DISPATCH(ExactOperation)(operation);
}
elementwise_function adder_elementwise(std::string_view operation) {
  return HWY_DYNAMIC_DISPATCH(AdderOperation)(operation);
}

}  // namespace pamkit::simd
#endif
