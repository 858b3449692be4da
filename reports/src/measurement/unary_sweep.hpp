#pragma once

#include <cstdint>
#include <vector>

#include "measurement/evaluator.hpp"

namespace pamkit::reports {

/// What every operand of a unary operation says.
struct unary_sweep {
  std::vector<bound> bounds;
  std::vector<error_band> by_binade;  ///< ascending arguments; binades without a case are left out
  std::vector<error_band> by_unit;    ///< exp: arguments between neighbouring whole numbers
};

/// Whether there is a sweep for this operation and format: exp2, log2, exp, log and sqrt of formats
/// that are stored in 32 bits.
bool has_sweep(const measured_operation& operation, const format_description& format);

/// Evaluates every operand that has an ordinary value (log2, log, sqrt: every positive one).
/// Ordinary values are had to 2^-52 of themselves or better, the errors of exp2 and exp near 1
/// without cancellation; extremes are then taken again in extended precision.
unary_sweep sweep_operands(const evaluator& evaluate);

}  // namespace pamkit::reports
