#pragma once

#include <string>
#include <string_view>

#include "pamkit/reference/rational.hpp"

namespace pamkit::reports {

/// An extreme error and the argument where it is attained (or, at the end of a binade, approached).
struct real_unary_extreme {
  reference::high_precision error;
  reference::high_precision at;
  std::string place;  ///< the argument as a formula
};

/// A unary operation by its real-number definition, over every continuous fraction once.
struct real_unary_errors {
  real_unary_extreme least;
  real_unary_extreme greatest;
  reference::high_precision mean;
  reference::high_precision mean_square;
  reference::high_precision mean_absolute_error;  ///< of abs(result - ordinary)
  reference::high_precision worst;                ///< greatest abs(result - ordinary)
  reference::high_precision mean_ratio;           ///< of relative errors: as the gain
  reference::high_precision gain;
};

/// exp2 on [0, 1), log2 on [1, 2) (absolute errors), sqrt on [1, 4), the latter before its last
/// rounding: 1 + palog2(x) / 2. All in closed form, evaluated to 50 digits.
///
/// ln(1+F) - F ln 2, 1 + F - 2^F, F - log2(1+F) and, on either binade, the square root's ratio and
/// difference have derivatives with at most one zero, so that each is extreme there or at an end;
/// none of the differences changes its sign.
real_unary_errors measure_real_unary(std::string_view operation);

/// Whether there is a definition here for an operation of one operand.
bool has_real_unary(std::string_view operation);

}  // namespace pamkit::reports
