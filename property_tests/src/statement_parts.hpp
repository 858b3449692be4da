#pragma once

#include <compare>
#include <cstdint>

#include "extended_magnitude.hpp"
#include "pamkit/properties/property.hpp"

/// What several statements need: readings of encodings, and exact comparisons in integers.

namespace pamkit::properties {

__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;

inline std::uint32_t magnitude(const format_description& f, std::uint32_t x) {
  return x & f.magnitude_mask;
}

/// -x as a sign flip; a NaN stays what it is.
inline std::uint32_t negated(const format_description& f, std::uint32_t x) {
  return f.is_nan(x) ? x : x ^ f.sign_mask;
}

inline column negated(const format_description& f, column x) {
  for (std::uint32_t& e : x) e = negated(f, e);
  return x;
}

inline column constant(std::size_t count, std::uint32_t x) { return column(count, x); }

/// +2^k; k within the normal range.
inline std::uint32_t power_of_two(const format_description& f, int k) {
  return static_cast<std::uint32_t>(k + f.bias) << f.fraction_bits;
}

/// Fraction field, compensation not included.
inline std::int64_t fraction_bits_of(const format_description& f, std::uint32_t x) {
  return fraction_field(f, magnitude(f, x));
}

inline bool is_normal_power_of_two(const format_description& f, std::uint32_t x) {
  return f.is_normal(x) && fraction_bits_of(f, x) == 0;
}

/// Unbiased exponent of a normal x.
inline int normal_exponent(const format_description& f, std::uint32_t x) {
  return exponent_of(f, magnitude(f, x));
}

/// x 2^k by its exponent field; the canonical NaN, which no domain contains, unless the result is
/// normal.
inline std::uint32_t scaled_in_range(const format_description& f, std::uint32_t x, int k) {
  if (!f.is_normal(x)) return f.nan;
  const std::int64_t m = magnitude(f, x) + (std::int64_t{k} << f.fraction_bits);
  if (m < f.min_normal || m > f.max_finite) return f.nan;
  return static_cast<std::uint32_t>(m) | (x & f.sign_mask);
}

/// Turns an operand into a power of two of its exponent and sign; subnormals, zeros and specials
/// become 1.0.
inline std::uint32_t to_power_of_two(const format_description& f, std::uint32_t x) {
  if (!f.is_normal(x)) return f.one;
  return x & ~(f.min_normal - 1);
}

/// abs(x) = significand 2^exponent, exactly; significand 0 for zeros. Finite x.
struct scaled_integer {
  std::uint64_t significand = 0;
  int exponent = 0;
};

inline scaled_integer exact_magnitude(const format_description& f, std::uint32_t x) {
  const std::uint32_t m = magnitude(f, x);
  const bool subnormal = m < f.min_normal;
  const std::uint32_t field = subnormal ? 1 : m >> f.fraction_bits;
  const std::uint32_t significand = subnormal ? m : (m & (f.min_normal - 1)) | f.min_normal;
  return {significand, static_cast<int>(field) - f.bias - f.fraction_bits};
}

inline scaled_integer operator*(scaled_integer x, scaled_integer y) {
  return {x.significand * y.significand, x.exponent + y.exponent};
}

/// x <=> y. Significands below 2^63.
inline std::strong_ordering operator<=>(scaled_integer x, scaled_integer y) {
  if (x.significand == 0 || y.significand == 0) return x.significand <=> y.significand;
  const int top_x = x.exponent + static_cast<int>(std::bit_width(x.significand));
  const int top_y = y.exponent + static_cast<int>(std::bit_width(y.significand));
  if (top_x != top_y) return top_x <=> top_y;
  // Equal leading positions: the exponents differ by less than 64.
  const uint128 a = uint128{x.significand}
                    << (x.exponent > y.exponent ? x.exponent - y.exponent : 0);
  const uint128 b = uint128{y.significand}
                    << (y.exponent > x.exponent ? y.exponent - x.exponent : 0);
  return a <=> b;
}

inline bool operator==(scaled_integer x, scaled_integer y) { return (x <=> y) == 0; }

/// Whether low <= x / y - 1 <= high, decided in integers; y > 0. Significands below 2^50,
/// denominators of the bounds below 2^52. `low_attained` is set when x / y - 1 = low.
inline bool relative_error_within(scaled_integer x, scaled_integer y, fraction low, fraction high,
                                  bool* low_attained = nullptr, bool* high_attained = nullptr) {
  if (x.significand == 0) return false;
  // An error of a factor of 4 breaks every bound; nearer numbers have exponents of nearly one size.
  const int top_x = x.exponent + static_cast<int>(std::bit_width(x.significand));
  const int top_y = y.exponent + static_cast<int>(std::bit_width(y.significand));
  if (top_x - top_y > 2 || top_y - top_x > 2) return false;
  const int common = std::min(x.exponent, y.exponent);
  const int128 a = int128{static_cast<std::int64_t>(x.significand)} << (x.exponent - common);
  const int128 b = int128{static_cast<std::int64_t>(y.significand)} << (y.exponent - common);
  const int128 low_side = (a - b) * low.denominator - b * low.numerator;
  const int128 high_side = (a - b) * high.denominator - b * high.numerator;
  if (low_attained != nullptr) *low_attained = low_side == 0;
  if (high_attained != nullptr) *high_attained = high_side == 0;
  return low_side >= 0 && high_side <= 0;
}

}  // namespace pamkit::properties
