#pragma once

#include <optional>

#include "statement_range.hpp"

/// What statements about integers, sums and order of encodings need.

namespace pamkit::properties {

/// The encoding of (-1)^negative significand 2^exponent; nothing unless it is exact and normal.
inline std::optional<std::uint32_t> exact_encoding(const format_description& f, bool negative,
                                                   uint128 significand, int exponent) {
  if (significand == 0) return 0;
  while ((significand & 1) == 0) {
    significand >>= 1;
    ++exponent;
  }
  if (significand >> (f.kept_bits + 1) != 0) return std::nullopt;
  const auto odd = static_cast<std::uint64_t>(significand);
  const int leading = static_cast<int>(std::bit_width(odd)) - 1;
  const std::int64_t field = std::int64_t{exponent} + leading + f.bias;
  if (field < 1) return std::nullopt;
  const std::uint64_t fraction = (odd << (f.fraction_bits - leading)) - f.min_normal;
  const std::int64_t m = (field << f.fraction_bits) + static_cast<std::int64_t>(fraction);
  if (m > f.max_finite) return std::nullopt;
  return static_cast<std::uint32_t>(m) | (negative ? f.sign_mask : 0);
}

/// x + y where that is exact and normal or zero; x and y finite.
inline std::optional<std::uint32_t> exact_sum(const format_description& f, std::uint32_t x,
                                              std::uint32_t y) {
  const scaled_integer a = exact_magnitude(f, x);
  const scaled_integer b = exact_magnitude(f, y);
  if (a.significand == 0) return f.is_zero(y) ? 0 : y;
  if (b.significand == 0) return x;
  const int common = std::min(a.exponent, b.exponent);
  if (a.exponent - common > 90 || b.exponent - common > 90) return std::nullopt;
  const int128 left = int128{static_cast<std::int64_t>(a.significand)} << (a.exponent - common);
  const int128 right = int128{static_cast<std::int64_t>(b.significand)} << (b.exponent - common);
  const int128 sum = (f.sign(x) ? -left : left) + (f.sign(y) ? -right : right);
  return exact_encoding(f, sum < 0, static_cast<uint128>(sum < 0 ? -sum : sum), common);
}

/// n where x is that integer, below 2^30 in magnitude.
inline std::optional<int> integer_value(const format_description& f, std::uint32_t x) {
  if (!f.is_finite(x)) return std::nullopt;
  scaled_integer m = exact_magnitude(f, x);
  if (m.significand == 0) return 0;
  while (m.exponent < 0 && (m.significand & 1) == 0) {
    m.significand >>= 1;
    ++m.exponent;
  }
  if (m.exponent < 0 || m.exponent + static_cast<int>(std::bit_width(m.significand)) > 30) {
    return std::nullopt;
  }
  const int n = static_cast<int>(m.significand << m.exponent);
  return f.sign(x) ? -n : n;
}

/// An integer between -reach and reach, chosen by the bits of x; cut to the format's precision.
inline std::uint32_t to_integer(const format_description& f, std::uint32_t x, int reach) {
  const std::uint32_t mixed = (x ^ (x >> 15) ^ (x >> 7)) * 0x9E3779B1U;
  std::uint64_t n = (mixed >> 8) % static_cast<std::uint32_t>(reach + 1);
  for (;; --n) {
    if (const auto e = exact_encoding(f, f.sign(x), n, 0)) return *e;
  }
}

/// Numbers in the order of their values, -0 and +0 alike; NaN, which stands for infinity where a
/// format has none, is past the largest.
inline std::int64_t order_key(const format_description& f, std::uint32_t x) {
  const std::int64_t m = magnitude(f, x);
  return f.sign(x) && !f.is_nan(x) ? -m : m;
}

}  // namespace pamkit::properties
