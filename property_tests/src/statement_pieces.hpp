#pragma once

#include "statement_range.hpp"

/// What statements about the affine pieces of a product need.

namespace pamkit::properties {

/// floor(Fa + Fb + f): by how much the fractions carry into the exponent.
inline std::int64_t carry(const subject& s, std::uint32_t a, std::uint32_t b) {
  const format_description& f = s.format();
  return (fraction_bits_of(f, a) + fraction_bits_of(f, b) + s.rules().compensation) >>
         f.fraction_bits;
}

/// sign(b) 2^(Eb + carry), or NaN where that is not normal.
inline std::uint32_t slope_of_piece(const subject& s, std::uint32_t b, std::int64_t carried) {
  const format_description& f = s.format();
  return scaled_in_range(f, b & ~(f.min_normal - 1), static_cast<int>(carried));
}

/// abs(y) - abs(x), exactly; abs(y) > abs(x), both normal and less than 2^30 apart, else 0.
inline scaled_integer difference(const format_description& f, std::uint32_t x, std::uint32_t y) {
  const scaled_integer low = exact_magnitude(f, x);
  const scaled_integer high = exact_magnitude(f, y);
  if (magnitude(f, y) <= magnitude(f, x) || high.exponent - low.exponent > 30) return {};
  return {(high.significand << (high.exponent - low.exponent)) - low.significand, low.exponent};
}

/// One unit larger in magnitude; of the largest finite value and beyond, the value itself.
inline std::uint32_t next_larger(const format_description& f, std::uint32_t x) {
  const bool has_next = f.is_finite(x) && magnitude(f, x) < f.max_finite;
  return has_next ? x + static_cast<std::uint32_t>(unit_of(f)) : x;
}

inline column next_larger(const format_description& f, column x) {
  for (std::uint32_t& e : x) e = next_larger(f, e);
  return x;
}

/// a and its partner share sign and exponent, the partner's fraction is the larger one.
inline void same_binade(const format_description& f, operand_columns& x) {
  const std::uint32_t mask = f.min_normal - 1;
  for (std::size_t i = 0; i < x[0].size(); ++i) {
    const std::uint32_t low = std::min(x[0][i] & mask, x[1][i] & mask);
    const std::uint32_t high = std::max(x[0][i] & mask, x[1][i] & mask);
    const std::uint32_t rest = x[0][i] & ~mask;
    x[0][i] = rest | low;
    x[1][i] = rest | high;
  }
}

}  // namespace pamkit::properties
