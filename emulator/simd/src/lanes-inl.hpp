// Vector types and the pieces that every kernel uses. Included once per instruction set.
#if defined(PAMKIT_SIMD_LANES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef PAMKIT_SIMD_LANES_INL_HPP
#undef PAMKIT_SIMD_LANES_INL_HPP
#else
#define PAMKIT_SIMD_LANES_INL_HPP
#endif

#include <hwy/highway.h>

#include <bit>
#include <cstddef>
#include <cstdint>

// HWY_SCALAR and HWY_EMU128 are what the library falls back on where it has no vectors; there the
// definitions are used instead of kernels.
#undef PAMKIT_SIMD_HAS_KERNELS
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
#define PAMKIT_SIMD_HAS_KERNELS 0
#else
#define PAMKIT_SIMD_HAS_KERNELS 1
#endif

// Whether a masked memory access cannot fault, and masks are registers of their own.
#undef PAMKIT_SIMD_MASK_REGISTERS
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
#define PAMKIT_SIMD_MASK_REGISTERS 1
#else
#define PAMKIT_SIMD_MASK_REGISTERS 0
#endif

// Loops over the registers of a tile: these have to be unrolled for the registers to be registers.
#ifndef PAMKIT_UNROLL
#if defined(__clang__)
#define PAMKIT_UNROLL _Pragma("clang loop unroll(full)")
#else
#define PAMKIT_UNROLL _Pragma("GCC unroll 16")
#endif
#endif

#if PAMKIT_SIMD_HAS_KERNELS
HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using floats = hn::ScalableTag<float>;
using integers = hn::RebindToSigned<floats>;
using words = hn::RebindToUnsigned<floats>;
using float_vector = hn::Vec<floats>;
using integer_vector = hn::Vec<integers>;
using word_vector = hn::Vec<words>;
using integer_mask = hn::Mask<integers>;
using float_mask = hn::Mask<floats>;

inline constexpr std::int64_t kLanes = HWY_LANES(float);

inline constexpr std::int32_t kMin = 0x00800000;  // mag(least normal)
inline constexpr std::int32_t kOne = 0x3f800000;  // mag(1)
inline constexpr std::int32_t kMax = 0x7f7fffff;  // mag(largest finite)
inline constexpr std::int32_t kInf = 0x7f800000;  // mag(infinity)
inline constexpr std::int32_t kNan = 0x7fc00000;  // the canonical NaN
inline constexpr std::int32_t kMagnitude = 0x7fffffff;
inline constexpr std::int32_t kFraction = 0x007fffff;
inline constexpr std::int32_t kSign = -0x7fffffff - 1;

HWY_INLINE integer_vector Integers(std::int32_t x) { return hn::Set(integers(), x); }
HWY_INLINE integer_vector AsIntegers(float_vector x) { return hn::BitCast(integers(), x); }
HWY_INLINE float_vector AsFloats(integer_vector x) { return hn::BitCast(floats(), x); }
HWY_INLINE integer_vector MagnitudeOf(integer_vector x) { return hn::And(x, Integers(kMagnitude)); }
HWY_INLINE integer_vector SignOf(integer_vector x) { return hn::And(x, Integers(kSign)); }

/// x, a NaN made canonical.
HWY_INLINE integer_vector Canonical(integer_vector x) {
  return hn::IfThenElse(hn::Gt(MagnitudeOf(x), Integers(kInf)), Integers(kNan), x);
}
HWY_INLINE float_vector Canonical(float_vector x) { return AsFloats(Canonical(AsIntegers(x))); }

/// The nearest integer, ties to even, of numbers below 2^31 in magnitude. hn::NearestInt also mends
/// numbers from 2^31 on, which takes three instructions more on x86.
HWY_INLINE integer_vector NearestInRange(float_vector x) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  return integer_vector{_mm512_cvtps_epi32(x.raw)};
#elif HWY_TARGET == HWY_AVX2
  return integer_vector{_mm256_cvtps_epi32(x.raw)};
#elif HWY_TARGET == HWY_SSE4
  return integer_vector{_mm_cvtps_epi32(x.raw)};
#else
  return hn::NearestInt(x);
#endif
}

/// The element at p in every lane, whatever it encodes. Loaded as an integer: Zen 4 repeats one
/// while it loads, and a float in a port that the additions need (0.85 of the speed of pam's
/// products).
HWY_INLINE float_vector Broadcast(const float* p) {
  return AsFloats(Integers(std::bit_cast<std::int32_t>(*p)));
}

/// `count` (1..kLanes) elements from p; the other lanes repeat the last one. Reads nothing else.
HWY_INLINE float_vector LoadFirst(const float* p, std::int64_t count) {
  const floats d;
  if (count == kLanes) return hn::LoadU(d, p);
#if PAMKIT_SIMD_MASK_REGISTERS
  const float_mask mask = hn::FirstN(d, static_cast<std::size_t>(count));
  return hn::IfThenElse(mask, hn::MaskedLoad(mask, d, p), hn::Set(d, p[count - 1]));
#else
  alignas(64) float lanes[kLanes];
  for (std::int64_t i = 0; i < kLanes; ++i) lanes[i] = p[i < count ? i : count - 1];
  return hn::Load(d, lanes);
#endif
}

}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // PAMKIT_SIMD_HAS_KERNELS

#endif
