// Encodings of one format in vectors, one to a lane of 32 bits. Included once per instruction set.
#if defined(PAMKIT_SIMD_FORMAT_LANES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef PAMKIT_SIMD_FORMAT_LANES_INL_HPP
#undef PAMKIT_SIMD_FORMAT_LANES_INL_HPP
#else
#define PAMKIT_SIMD_FORMAT_LANES_INL_HPP
#endif

#include <type_traits>
#include <variant>

#include "lanes-inl.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/operation.hpp"

#if PAMKIT_SIMD_HAS_KERNELS
HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {

/// The constants of a format with infinities and its operations on bits; a lane's bits above the
/// format's width are zero.
template <class Format>
struct format_lanes {
  static constexpr std::int32_t kMin = min_magnitude<Format>;  // mag(least normal)
  static constexpr std::int32_t kOne = one_magnitude<Format>;  // mag(1)
  static constexpr std::int32_t kInf = top_binade<Format>;     // mag(infinity)
  static constexpr std::int32_t kMax = kInf - 1;               // mag(largest finite)
  static constexpr auto kNan = static_cast<std::int32_t>(canonical_nan_bits<Format>);
  static constexpr auto kMagnitude = static_cast<std::int32_t>(magnitude_mask<Format>);
  static constexpr auto kSign = static_cast<std::int32_t>(sign_mask<Format>);
  static constexpr std::int32_t kFraction = kMin - 1;
  static constexpr std::int32_t kHalf = kOne - kMin;  // mag(1/2)
  static constexpr auto kLog2E = static_cast<std::int32_t>(log2_e(Format()).bits);
  static constexpr auto kLn2 = static_cast<std::int32_t>(ln_2(Format()).bits);

  static HWY_INLINE integer_vector MagnitudeOf(integer_vector x) {
    return hn::And(x, Integers(kMagnitude));
  }
  static HWY_INLINE integer_vector SignOf(integer_vector x) { return hn::And(x, Integers(kSign)); }
  static HWY_INLINE integer_mask IsNegative(integer_vector x) {
    if constexpr (width<Format> == 32) return hn::Lt(x, hn::Zero(integers()));
    return hn::Gt(x, Integers(kMagnitude));
  }
  /// x, a NaN made canonical.
  static HWY_INLINE integer_vector Canonical(integer_vector x) {
    return hn::IfThenElse(hn::Gt(MagnitudeOf(x), Integers(kInf)), Integers(kNan), x);
  }
};

/// Calls f with the format of a configuration if vectors hold it: whether they do. Every other one
/// takes the scalar definition.
template <class Function>
bool WithVectorFormat(const configuration& c, const Function& f) {
  return std::visit(
      [&]<class Format>(Format format) {
        constexpr bool has_vectors = std::is_same_v<Format, binary32> ||
                                     std::is_same_v<Format, bfloat16> ||
                                     std::is_same_v<Format, binary16>;
        if constexpr (has_vectors) f(format);
        return has_vectors;
      },
      c.format);
}

}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // PAMKIT_SIMD_HAS_KERNELS

#endif
