#pragma once

#include <algorithm>
#include <initializer_list>

#include "statement_parts.hpp"

namespace pamkit::properties {

/// Whether a result was encoded as it is, neither clamped nor rounded up into the normal range: MAX
/// may be a clamped result under saturate, and MIN one that gradual underflow rounded up to.
inline bool is_in_range(const subject& s, std::uint32_t x) {
  const format_description& f = s.format();
  const std::uint32_t m = magnitude(f, x);
  const bool below_max =
      s.rules().overflow == overflow_policy::infinity ? m <= f.max_finite : m < f.max_finite;
  return m > f.min_normal && below_max;
}

inline bool all_in_range(const subject& s, std::initializer_list<std::uint32_t> results) {
  return std::ranges::all_of(results, [&](std::uint32_t x) { return is_in_range(s, x); });
}

inline bool all_normal(const subject& s, std::initializer_list<std::uint32_t> operands) {
  return std::ranges::all_of(operands, [&](std::uint32_t x) { return s.format().is_normal(x); });
}

}  // namespace pamkit::properties
