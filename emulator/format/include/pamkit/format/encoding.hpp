#pragma once

#include <cstdint>

#include "pamkit/format/formats.hpp"

namespace pamkit {

/// A datum of format F seen only as bits. There are deliberately no arithmetic operators: native
/// floating-point arithmetic on an encoding does not compile. Equality is equality of bits, so +0 != -0
/// and a NaN equals itself.
template <class F>
struct encoding {
  typename F::storage bits{};

  friend constexpr bool operator==(encoding, encoding) = default;
};

/// Makes an encoding from its bits; the bits above the format's width must be zero.
template <class F>
PAMKIT_HD constexpr encoding<F> from_bits(std::uint32_t bits) {
  return {static_cast<typename F::storage>(bits)};
}

/// The encoding without its sign bit, as an integer: mag(x) of the specification.
template <class F>
PAMKIT_HD constexpr std::int32_t magnitude(encoding<F> x) {
  return static_cast<std::int32_t>(std::uint32_t{x.bits} & magnitude_mask<F>);
}

template <class F>
PAMKIT_HD constexpr bool sign(encoding<F> x) {
  return (std::uint32_t{x.bits} & sign_mask<F>) != 0;
}

template <class F>
PAMKIT_HD constexpr bool is_nan(encoding<F> x) {
  if constexpr (F::has_infinity) {
    return magnitude(x) > top_binade<F>;
  } else {
    return magnitude(x) == static_cast<std::int32_t>(magnitude_mask<F>);
  }
}

template <class F>
PAMKIT_HD constexpr bool is_infinite(encoding<F> x) {
  return F::has_infinity && magnitude(x) == top_binade<F>;
}

template <class F>
PAMKIT_HD constexpr bool is_finite(encoding<F> x) {
  return !is_nan(x) && !is_infinite(x);
}

/// Nonzero with a zero exponent field.
template <class F>
PAMKIT_HD constexpr bool is_subnormal(encoding<F> x) {
  return magnitude(x) != 0 && magnitude(x) < min_magnitude<F>;
}

/// Finite with a nonzero exponent field.
template <class F>
PAMKIT_HD constexpr bool is_normal(encoding<F> x) {
  return is_finite(x) && magnitude(x) >= min_magnitude<F>;
}

/// Joins a sign and a magnitude (0 <= magnitude <= magnitude_mask).
template <class F>
PAMKIT_HD constexpr encoding<F> pack(bool negative, std::int64_t magnitude) {
  return from_bits<F>((negative ? sign_mask<F> : 0U) | static_cast<std::uint32_t>(magnitude));
}

template <class F>
PAMKIT_HD constexpr encoding<F> canonical_nan() {
  return from_bits<F>(canonical_nan_bits<F>);
}

/// -x as a sign flip; a NaN stays the canonical one.
template <class F>
PAMKIT_HD constexpr encoding<F> negate(encoding<F> x) {
  return is_nan(x) ? canonical_nan<F>() : from_bits<F>(x.bits ^ sign_mask<F>);
}

}  // namespace pamkit
