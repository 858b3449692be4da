// Elementwise operations of exact and adder on binary32: the IEEE operations of the machine, a NaN
// made canonical, an overflow as the policy says. The transcendental functions of exact are the C
// library's and stay scalar.
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

/// An infinity in the lanes of `finite` becomes MAX under saturate, one unit below it.
HWY_INLINE integer_vector Encoded(const configuration& c, float_vector result,
                                  integer_mask finite) {
  const integer_vector r = AsIntegers(result);
  if (c.overflow == overflow_policy::infinity) return Canonical(r);
  const integer_mask overflowed = hn::And(finite, hn::Eq(MagnitudeOf(r), Integers(kInf)));
  return hn::IfThenElse(overflowed, hn::Sub(r, Integers(1)), Canonical(r));
}

void ExactMul(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
              std::uint32_t* out, std::size_t count) {
  if (!IsBinary32(c)) return MapScalar("mul", "exact", c, a, b, out, count);
  Map(a, b, out, count, [&](integer_vector x, integer_vector y) {
    const integer_mask finite = hn::Lt(hn::Max(MagnitudeOf(x), MagnitudeOf(y)), Integers(kInf));
    return Encoded(c, hn::Mul(AsFloats(x), AsFloats(y)), finite);
  });
}

void ExactDiv(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
              std::uint32_t* out, std::size_t count) {
  if (!IsBinary32(c)) return MapScalar("div", "exact", c, a, b, out, count);
  Map(a, b, out, count, [&](integer_vector x, integer_vector y) {
    const integer_vector my = MagnitudeOf(y);
    const integer_mask finite =
        hn::And(hn::Lt(MagnitudeOf(x), Integers(kInf)), hn::Gt(my, hn::Zero(integers())));
    return Encoded(c, hn::Div(AsFloats(x), AsFloats(y)), finite);
  });
}

void ExactSqrt(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
               std::uint32_t* out, std::size_t count) {
  if (!IsBinary32(c)) return MapScalar("sqrt", "exact", c, a, b, out, count);
  Map(a, nullptr, out, count, [](integer_vector x, integer_vector) {
    return Canonical(AsIntegers(hn::Sqrt(AsFloats(x))));
  });
}

/// -abs(RN(a - b)); its overflow is an infinity whatever the policy.
void AdderMul(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
              std::uint32_t* out, std::size_t count) {
  if (!IsBinary32(c)) return MapScalar("mul", "adder", c, a, b, out, count);
  Map(a, b, out, count, [](integer_vector x, integer_vector y) {
    const integer_vector difference = AsIntegers(hn::Sub(AsFloats(x), AsFloats(y)));
    return Canonical(hn::Or(difference, Integers(kSign)));
  });
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
