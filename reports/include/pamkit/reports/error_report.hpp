#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/backend.hpp"
#include "pamkit/format/any_format.hpp"
#include "pamkit/format/policy.hpp"

/// The error-bound report: measured minimum, maximum and mean errors and their operands, for every
/// operation, format and arithmetic, as JSON (schema pamkit.report/1), as comma-separated values
/// and as one self-contained HTML page.

namespace pamkit::reports {

/// Unreadable or malformed input, or an output that cannot be written: one line that says what,
/// where and what would be right. A program answers it with exit code 2.
struct input_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How many operands are sampled where there are too many to take all. What is exhaustive at
/// `quick` is exhaustive at every level; `exhaustive` also takes every binary32 operand of the
/// unary operations.
enum class report_level : std::uint8_t { quick, standard, exhaustive };

/// How far a long computation is. Called from one thread at a time, but from any.
struct report_progress {
  double done = 0;         ///< share of the whole work, from 0 to 1
  std::string_view stage;  ///< what was just finished, such as "mul binary32 pam"
};

struct error_report_options {
  /// Elementwise operations; empty: all with an ordinary counterpart (mul div exp2 log2 exp log pow
  /// sqrt). The slopes may be named: they are listed as not measured, with the reason.
  std::vector<std::string> operations;
  std::vector<any_format> formats;             ///< empty: default_formats()
  std::vector<arithmetic_choice> arithmetics;  ///< empty: default_report_arithmetics()
  std::vector<subnormal_policy> policies = {subnormal_policy::flush};
  report_level level = report_level::standard;
  std::uint64_t seed = 1;  ///< of the sampled operands
  unsigned jobs = 0;       ///< threads; 0: as many as the machine has. Results do not depend on it.
  std::filesystem::path out_dir = "report";
  /// plotly.min.js, inlined into the page. Empty or unreadable: report.json is written, the page is
  /// not.
  std::filesystem::path plotly;
  std::string command = "./pamkit report";  ///< as typed; written into the files
  std::filesystem::path mutants;  ///< results of the planted faults (pamkit.mutants/1), or empty
  std::filesystem::path proofs;   ///< results of prove (pamkit.prove/1), or empty
  std::function<void(const report_progress&)> progress;
  const std::atomic<bool>* stop = nullptr;  ///< set to true from outside to end early
};

struct error_report_result {
  bool interrupted = false;         ///< stopped early; nothing was written
  std::filesystem::path json_file;  ///< OUT/report.json
  std::filesystem::path csv_file;   ///< OUT/report.csv
  std::filesystem::path page_file;  ///< OUT/index.html, empty if it was not written
  std::string page_problem;         ///< one line (exit code 2) if it was not
  std::size_t bounds = 0;           ///< entries of "bounds"
  std::string summary;              ///< the headline table as plain text, for standard output
};

/// Every registered arithmetic, and pam:1.0552, the compensated product of the paper.
std::vector<arithmetic_choice> default_report_arithmetics();

/// Measures, and writes OUT/report.json, OUT/report.csv and OUT/index.html, each whole or not at
/// all. Throws input_error for an unknown operation and where OUT cannot be written.
error_report_result run_error_report(const error_report_options& options);

/// Writes the same files from an older report.json, without measuring: `out_dir`, `plotly`,
/// `mutants`, `proofs` and `command` of the options count. Mutants and proofs that are not named
/// stay as they are in the file. Throws input_error for a file that is no pamkit.report/1.
error_report_result render_report(const std::filesystem::path& report,
                                  const error_report_options& options);

/// One entry of "bounds" that differs between two reports.
struct bound_change {
  std::string bound;   ///< "mul bfloat16 pam flush fractions min_relative"
  std::string before;  ///< the value as JSON writes it; empty if the old report lacks the bound
  std::string after;   ///< empty if the new report lacks the bound
};

/// The bounds whose value (or exact fraction) differs, and those that only one report has. A value
/// is the same if it is the same number: no tolerance. Throws input_error if either file is no
/// pamkit.report/1.
std::vector<bound_change> diff_reports(const std::filesystem::path& before,
                                       const std::filesystem::path& after);

/// One line per change, and a last line that counts them: what `--diff` prints. The exit code is 1
/// if there is any change.
std::string describe_changes(const std::vector<bound_change>& changes);

}  // namespace pamkit::reports
