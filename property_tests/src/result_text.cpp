#include "result_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "golden_elementwise.hpp"
#include "pamkit/profiles.hpp"

namespace pamkit::properties {

std::string hexadecimal(const format_description& format, std::uint32_t bits) {
  return fmt::format("{:0{}X}", bits, format.storage_bits / 4);
}

result make_row(const property_text& text, const arithmetic_choice& arithmetic,
                const any_format& format, subnormal_policy subnormals, overflow_policy overflow) {
  result row;
  row.property = text.id;
  row.statement = text.key();
  row.operation = text.operation;
  row.format = describe(format).name;
  row.arithmetic = arithmetic.label;
  row.policy = name_of(subnormals);
  row.overflow = name_of(overflow);
  row.compensation = arithmetic.configure(format, subnormals, overflow).compensation;
  row.profile = name_of(profile_of(arithmetic.info->name));
  row.domain = text.domain;
  return row;
}

result make_not_run_row(const property_text& text, const arithmetic_choice& arithmetic,
                        const any_format& format, std::string reason) {
  result row = make_row(text, arithmetic, format, {}, {});
  row.policy = row.overflow = row.backend = "any";
  row.status = run_status::not_run;
  row.reason = std::move(reason);
  return row;
}

std::string replay_command(const result& row, const std::vector<std::string>& operands) {
  const std::string profile = row.profile == "default" ? "" : " --profile " + row.profile;
  const std::string rules =
      fmt::format("--format {} --arithmetic {} --policy {} --overflow {}{} --backend {}",
                  row.format, row.arithmetic, row.policy, row.overflow, profile, row.backend);
  if (row.property == golden_text().id) {
    return fmt::format("./pamkit explain {} {} {}", row.operation, fmt::join(operands, " "), rules);
  }
  std::string command =
      fmt::format("./pamkit verify --property {} --op {}", row.statement, row.operation);
  if (!row.derivative.empty()) command += " --derivative " + row.derivative;
  if (!row.shape.empty()) command += " --shape " + row.shape;
  return fmt::format("{} --replay {} {}", command, fmt::join(operands, ","), rules);
}

}  // namespace pamkit::properties
