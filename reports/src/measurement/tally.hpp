#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "compensated_sum.hpp"
#include "measurement/evaluator.hpp"

namespace pamkit::reports {

/// An error and where it was seen.
struct extreme {
  long double error = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t result = 0;
  bool seen = false;
};

/// The least and the greatest error; the first operands seen win.
struct extremes {
  extreme least;
  extreme greatest;
  void add(long double error, std::uint32_t a, std::uint32_t b, std::uint32_t result) {
    if (!least.seen || error < least.error) least = {error, a, b, result, true};
    if (!greatest.seen || error > greatest.error) greatest = {error, a, b, result, true};
  }
};

/// What is gathered from counted cases. Extremes also come from cases that are not counted:
/// structured operands beside a sample, which would bias its means.
struct tally {
  extremes error;
  extreme worst;  ///< greatest abs(result - ordinary)
  compensated_sum sum;
  compensated_sum squares;
  compensated_sum absolute;  ///< abs(result - ordinary)
  compensated_sum result;
  compensated_sum ordinary;
  compensated_sum mixed;  ///< result * ordinary
  compensated_sum ordinary_squares;
  std::vector<double> errors;  ///< of every counted case, for quantiles
  std::uint64_t cases = 0;
  std::uint64_t looked_at = 0;      ///< counted or not
  std::uint64_t rounded_cases = 0;  ///< counted, with a finite correctly rounded result
  std::uint64_t distances = 0;      ///< counted or not, with one
  std::uint64_t wrong = 0;
  std::uint64_t max_ulp = 0;
  std::array<std::uint32_t, 3> max_ulp_case{};

  /// Adds a case to the extremes and, if it is counted, to the sums.
  void add(const evaluator& evaluate, long double value, std::uint32_t a, std::uint32_t b,
           std::uint32_t result_bits, bool counted);

  /// Adds its distance, in encodings, to the correctly rounded result, where that is finite.
  void add_distance(const format_description& format, std::uint32_t a, std::uint32_t b,
                    std::uint32_t result_bits, std::uint32_t rounded, bool counted);
};

/// What is said beside the numbers of a tally.
struct tally_description {
  evidence_kind evidence = evidence_kind::exhaustive;
  error_domain domain = error_domain::fractions;
  std::string extreme_note{};  ///< what stands behind the extremes of a sample
  std::string note{};          ///< on every number
};

/// Turns a tally into bounds: over fractions also those that mix magnitudes.
std::vector<bound> bounds_of(const evaluator& evaluate, tally& t, const tally_description& how);

}  // namespace pamkit::reports
