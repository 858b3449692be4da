#include "bounds_csv.hpp"

#include <fmt/format.h>

#include "pamkit/reports/bounds_csv_header.hpp"

namespace pamkit::reports {
namespace {

// A text with a comma, a quote or a line end is quoted.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

}  // namespace

std::string bounds_csv(const report_view& report) {
  std::string csv(bounds_csv_header);
  for (const bound_set& set : report.sets) {
    const std::string place = fmt::format(
        "{},{},{},{},{},{},{}", field(set.operation), field(set.format), field(set.arithmetic),
        field(set.policy), field(set.domain), field(set.data), field(set.shape));
    for (const bound_row& row : set.rows) {
      csv +=
          fmt::format("{},{},{},{},{},{},{},{},{},{}\n", place, field(row.metric), row.value_text,
                      field(row.exact), field(fmt::format("{}", fmt::join(row.operands, " "))),
                      field(row.result), field(row.evidence), row.cases, row.seed, field(row.note));
    }
  }
  return csv;
}

}  // namespace pamkit::reports
