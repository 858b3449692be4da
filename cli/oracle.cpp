#include "oracle.hpp"

#include <fmt/format.h>

#include "failure.hpp"
#include "pamkit/profiles.hpp"
#include "vector_line.hpp"

namespace pamkit::cli {

reference::rules oracle_rules(const configuration& rules) {
  return {.format = describe(rules.format),
          .subnormals = rules.subnormals,
          .overflow = rules.overflow,
          .compensation = rules.compensation,
          .arithmetic = std::string(find_configured(rules.arithmetic)->oracle)};
}

oracle::oracle(std::string_view operation, const configuration& rules)
    : rules_(oracle_rules(rules)),
      golden_(reference::find(operation, rules_.arithmetic)),
      admissible_(reference::find_admissible(operation, rules_.arithmetic)) {
  if (golden_ == nullptr) {
    throw failure(
        fmt::format("the golden model has no {} for arithmetic {}; this is a defect of pamkit",
                    operation, rules_.arithmetic),
        exit_code::wrong);
  }
}

reference::admissible oracle::admissible(std::span<const std::uint32_t> operands) const {
  if (admissible_ != nullptr) return admissible_(rules_, operands);
  const std::uint32_t only = golden_(rules_, operands);
  return {only, only};
}

std::string hex(const reference::admissible& expected, const format_description& format) {
  std::string text = hex(expected.lowest, format);
  if (expected.highest != expected.lowest) text += " or " + hex(expected.highest, format);
  return text;
}

}  // namespace pamkit::cli
