#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "pamkit/reference/golden_model.hpp"

/// Short ways to name rules and to ask the golden model, for the tests.
namespace pamkit::reference {

inline format_description format_named(std::string_view name) {
  return describe(parse_format(name).value());
}

inline rules rules_for(std::string_view format, std::string_view arithmetic = "pam") {
  rules r;
  r.format = format_named(format);
  r.arithmetic = arithmetic;
  return r;
}

inline rules gradual(rules r) {
  r.subnormals = subnormal_policy::gradual;
  return r;
}

inline rules saturating(rules r) {
  r.overflow = overflow_policy::saturate;
  return r;
}

inline rules compensated_by(rules r, std::int32_t compensation) {
  r.compensation = compensation;
  return r;
}

inline std::uint32_t golden(std::string_view operation, const rules& r,
                            std::initializer_list<std::uint32_t> operands) {
  return golden(operation, r, std::span<const std::uint32_t>(operands.begin(), operands.size()));
}

}  // namespace pamkit::reference
