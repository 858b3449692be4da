#pragma once

#include <cstdint>
#include <string_view>

namespace pamkit::reports {

/// A unary operation by its real-number definition, over every continuous fraction once.
struct real_unary_errors {
  long double least = 0;
  long double least_at = 0;  ///< argument
  long double greatest = 0;
  long double greatest_at = 0;
  long double mean = 0;
  long double rms = 0;
  long double mean_absolute_error = 0;  ///< of abs(result - ordinary)
  long double worst = 0;                ///< greatest abs(result - ordinary)
  long double mean_ratio = 0;
  long double gain = 0;
  std::uint64_t evaluations = 0;
};

/// exp2 on [0, 1), log2 on [1, 2) (absolute errors), sqrt on [1, 4), the latter before its last
/// rounding: 1 + palog2(x) / 2.
///
/// On each binade the error has one extreme at most between its ends: ln(1+F) - F ln 2, F -
/// log2(1+F) and the square root's monotone ratios have derivatives with at most one zero. It is
/// found by ternary search, in which the error is flat: its value is right to the last bits.
real_unary_errors measure_real_unary(std::string_view operation);

/// Whether there is a definition here for an operation of one operand.
bool has_real_unary(std::string_view operation);

}  // namespace pamkit::reports
