#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/format/any_format.hpp"

/// A report.json as page and table read it. They are made from the file's content alone, so that
/// they can be made again from a file written before.

namespace pamkit::reports {

/// One entry of "bounds".
struct bound_row {
  std::string metric;
  double value = 0;
  std::string value_text;  ///< as the file writes it
  std::string exact;       ///< "p/q" or empty
  std::vector<std::string> operands;
  std::string result;
  std::string evidence;
  std::uint64_t cases = 0;
  std::string seed;
  std::string note;
};

/// The entries of one operation, format, arithmetic, policy, domain and, of samples, data and
/// shape.
struct bound_set {
  std::string operation;
  std::string format;
  std::string arithmetic;
  std::string policy;
  std::string domain;
  std::string data;
  std::string shape;
  std::vector<bound_row> rows;

  /// nullptr where the set lacks the metric.
  const bound_row* find(std::string_view metric) const;
  /// The lower and upper end of the range: relative, absolute, or of a ratio.
  const bound_row* least() const;
  const bound_row* greatest() const;
  const bound_row* mean() const;
  bool absolute() const {
    return find("min_absolute") != nullptr && find("min_relative") == nullptr;
  }
};

struct report_view {
  nlohmann::ordered_json json;
  std::string command;
  std::vector<bound_set> sets;  ///< in the order of the file

  /// Names in order of appearance.
  std::vector<std::string> operations() const;
  std::vector<std::string> formats() const;
  std::vector<std::string> arithmetics() const;
  /// The sets of one operation.
  std::vector<const bound_set*> of(std::string_view operation) const;
  /// An array of the file by name; empty where the file lacks it.
  const nlohmann::ordered_json& list(std::string_view name) const;
};

/// Throws input_error, naming `origin`, for anything that is no pamkit.report/1.
report_view view_report(nlohmann::ordered_json json, std::string_view origin);

/// The format of a set; nothing for one without encodings, such as the real numbers.
std::optional<format_description> format_of(std::string_view name);

/// Significant fraction bits, to rank formats by; 0 for one without encodings.
int width_of(std::string_view format);

/// "pam" of "pam:1.0552".
std::string_view plain_name(std::string_view arithmetic);

/// Whether the set repeats that of the same arithmetic without a compensation, which does not act
/// in this operation.
bool repeats_uncompensated(const report_view& report, const bound_set& set);

}  // namespace pamkit::reports
