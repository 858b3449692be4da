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

/// Numbers of what is no elementwise operation over a format's operands: the definitions over
/// continuous fractions (format "real"), identities, dot products, layers.
struct bound_group {
  std::string operation;
  std::string format;
  std::string arithmetic;
  std::string policy = "flush";
  std::string domain = "fractions";
  std::string data{};           ///< of a sample: "gaussian" or "uniform"; else empty
  std::string shape{};          ///< of a sample: "64x64x64"; else empty
  format_description encoding;  ///< of the operands of its bounds
  std::vector<bound> bounds;

  const bound* find(std::string_view metric) const;
};

/// Metrics of a compensated operation against the compensation, a fraction f of a binade, over
/// continuous fractions; element n of every list belongs to offsets[n].
struct compensation_sweep {
  std::string operation = "mul";
  std::string arithmetic = "pam";
  std::string format = "real";
  std::vector<double> offsets;
  std::vector<double> least;
  std::vector<double> greatest;
  std::vector<double> mean;
  std::vector<double> mean_loguniform;
  std::vector<double> rms;
  std::vector<double> mean_ratio;
  std::vector<double> gain;
  double zero_mean = 0;  ///< the offsets that were found
  double minimax = 0;
  double least_rms = 0;
};

/// Errors against the exponent near the ends of a format's range. Element n of every list belongs
/// to exponents[n]: of a product the sum, of a quotient the difference of the operands' exponents,
/// of exp2 the floor of the argument, of the other unary operations the operand's exponent.
struct exponent_profile {
  std::string operation;
  std::string format;
  std::string arithmetic;
  std::string policy;
  bool absolute = false;
  std::vector<int> exponents{};
  std::vector<double> least{};     ///< error of finite results, -1 for a flushed one; NaN: none
  std::vector<double> greatest{};  ///< as `least`
  std::vector<double> normal{};    ///< share of results that are normal numbers,
  std::vector<double> subnormal{};
  std::vector<double> zero{};
  std::vector<double> overflowed{};  ///< infinite, or NaN where the format has no infinity
  std::uint64_t cases = 0;         ///< for each exponent
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
  std::vector<bound_group> groups;
  std::vector<compensation_sweep> compensation;
  std::vector<exponent_profile> range_ends;
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

}  // namespace pamkit::reports
