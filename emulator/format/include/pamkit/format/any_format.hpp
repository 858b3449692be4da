#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pamkit/format/encoding.hpp"
#include "pamkit/format/policy.hpp"

namespace pamkit {

/// A format chosen at run time. This is the one list of formats; everything else visits it.
using any_format = std::variant<binary32, bfloat16, binary16, e5m2, e4m3, binary32m>;

/// The numbers that describe a format, for code that works on bits of any format.
struct format_description {
  std::string name;            ///< "binary32", ..., "binary32m7"
  int storage_bits = 0;        ///< 32, 16 or 8: an encoding is written with storage_bits / 4 digits
  int exponent_bits = 0;
  int fraction_bits = 0;       ///< stored; ONE and MIN are shifted by it
  int kept_bits = 0;           ///< significant fraction bits: fraction_bits - dropped_bits
  int dropped_bits = 0;        ///< low bits that must be zero (binary32mN), else 0
  int bias = 0;
  bool has_infinity = false;
  std::uint32_t sign_mask = 0;
  std::uint32_t magnitude_mask = 0;
  std::uint32_t one = 0;       ///< mag(1.0)
  std::uint32_t min_normal = 0;
  std::uint32_t max_finite = 0;
  std::uint32_t infinity = 0;  ///< mag(infinity), or of the NaN where there is none
  std::uint32_t nan = 0;       ///< the canonical NaN

  bool is_nan(std::uint32_t x) const {
    return (x & magnitude_mask) > (has_infinity ? infinity : max_finite);
  }
  bool is_infinite(std::uint32_t x) const {
    return has_infinity && (x & magnitude_mask) == infinity;
  }
  bool is_zero(std::uint32_t x) const { return (x & magnitude_mask) == 0; }
  bool is_finite(std::uint32_t x) const { return (x & magnitude_mask) <= max_finite; }
  bool is_subnormal(std::uint32_t x) const { return !is_zero(x) && (x & magnitude_mask) < min_normal; }
  bool is_normal(std::uint32_t x) const { return is_finite(x) && (x & magnitude_mask) >= min_normal; }
  bool sign(std::uint32_t x) const { return (x & sign_mask) != 0; }
  /// Whether `x` is an encoding of the format: no bit above the width and no dropped bit is set.
  bool is_well_formed(std::uint32_t x) const {
    const std::uint32_t dropped = (std::uint32_t{1} << dropped_bits) - 1;
    return (x & ~(sign_mask | magnitude_mask)) == 0 && (x & dropped) == 0;
  }
};

/// Describes a format; the name of binary32m carries its kept bits.
format_description describe(const any_format& format);

/// Parses "binary32", "bfloat16", "binary16", "e5m2", "e4m3" or "binary32mN" with N in 1..23.
std::optional<any_format> parse_format(std::string_view name);

/// The names that parse_format accepts, with "binary32mN" for the family.
std::vector<std::string> format_names();

/// The formats every suite runs by default: the five fixed ones and binary32m7.
std::vector<any_format> default_formats();

}  // namespace pamkit
