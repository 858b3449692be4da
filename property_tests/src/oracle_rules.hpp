#pragma once

#include <string>

#include "pamkit/backend.hpp"
#include "pamkit/reference/golden_model.hpp"

namespace pamkit::properties {

/// The golden model's rules for a choice of arithmetic. The compensation is rounded from the
/// decimal factor by the reference itself, so that the emulator's own rounding of it is judged too.
inline reference::rules oracle_rules(const arithmetic_choice& arithmetic, const any_format& format,
                                     subnormal_policy subnormals, overflow_policy overflow) {
  reference::rules rules{.format = describe(format),
                         .subnormals = subnormals,
                         .overflow = overflow,
                         .compensation = 0,
                         .arithmetic = std::string(arithmetic.info->oracle),
                         .widened_from_bits = 0};
  if (arithmetic.alpha.empty()) return rules;
  reference::integer digits = 0;
  reference::integer denominator = 1;
  bool after_point = false;
  for (const char c : arithmetic.alpha) {
    if (c == '.') {
      after_point = true;
      continue;
    }
    digits = digits * 10 + (c - '0');
    if (after_point) denominator *= 10;
  }
  const std::uint32_t alpha =
      reference::encode(reference::rational::ratio(digits, denominator), rules.format,
                        subnormal_policy::gradual, overflow_policy::infinity);
  rules.compensation = static_cast<std::int32_t>(alpha - rules.format.one);
  return rules;
}

}  // namespace pamkit::properties
