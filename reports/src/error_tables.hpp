#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "measurement.hpp"

namespace pamkit::reports {

/// An operation and arithmetic without an entry in a domain, and why.
struct not_measured {
  std::string operation;
  std::string arithmetic;
  std::string domain;
  std::string reason;
};

/// Errors of one unary operation against its argument.
struct error_curve {
  std::string operation;
  std::string arithmetic;
  std::string format;
  bool absolute = false;
  std::vector<double> arguments;
  std::vector<double> errors;
};

/// Errors over the fraction pairs.
struct error_map {
  std::string operation;
  std::string arithmetic;
  std::string format;
  std::string policy;
  double offset = 0;  ///< compensation as a fraction: the carry's edge lies at Fx + Fy = 1 - offset
  int bits = 0;       ///< fractions i / 2^bits
  error_grid grid;
};

struct labelled_histogram {
  std::string operation;
  std::string arithmetic;
  std::string format;
  std::string policy;
  error_histogram histogram;
};

/// Everything that one report says.
struct error_tables {
  std::string command;
  std::string level;
  std::uint64_t seed = 0;
  std::vector<measurement> measurements;
  std::vector<not_measured> gaps;
  std::vector<error_map> maps;
  std::vector<error_curve> curves;
  std::vector<labelled_histogram> histograms;
};

/// An encoding as interfaces write it: upper-case hexadecimal, as many digits as the format has.
std::string hex_of(const format_description& format, std::uint32_t bits);

/// Terms used in the tables, each with its definition: for JSON and page alike.
std::vector<std::pair<std::string, std::string>> definitions();

/// The file of schema pamkit.report/1.
nlohmann::ordered_json to_report_json(const error_tables& tables);

/// The measurement that stands for an operation and arithmetic in a short table: over fractions
/// where there is such a domain, of the widest format.
const measurement* headline(const error_tables& tables, std::string_view operation,
                            std::string_view arithmetic);

/// Pairs of operation and arithmetic in table order.
std::vector<std::pair<std::string, std::string>> headline_rows(const error_tables& tables);

/// The headline table as plain text.
std::string headline_text(const error_tables& tables);

/// The page. `json` is the report's file, `plotly` the text of plotly.min.js.
std::string render_error_page(const error_tables& tables, const nlohmann::ordered_json& json,
                              const std::string& plotly);

}  // namespace pamkit::reports
