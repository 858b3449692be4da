#pragma once

#include <array>
#include <memory>

#include "measurement/evaluator.hpp"
#include "pairs/fraction_weights.hpp"
#include "pairs/pair_totals.hpp"

/// Products and quotients of formats with too many fraction pairs to evaluate each.

namespace pamkit::reports {

/// All M^2 fraction pairs of one operation whose encodings add (subtract) as integers.
struct wide_pairs {
  log_linear_rows rows;
  pair_totals totals;
  pair_class_sums sums;
  std::uint64_t evaluated = 0;  ///< pairs whose result was compared with the integer formula
};

/// Computed once for an operation, format, arithmetic, compensation and policy. Every row's segment
/// ends and a sample between them are evaluated and compared with the integer formula: a null
/// pointer where a result differs, or the encodings do not add. Throws `stopped`.
std::shared_ptr<const wide_pairs> all_pairs_of(const measurement_request& request);

/// Over every fraction pair once.
std::vector<bound> fraction_bounds(const evaluator& evaluate, const wide_pairs& pairs);

/// Range, means and quantiles over all pairs of normal operands whose result is normal: a fraction
/// pair's error does not depend on the exponents, and its piece says how many exponent pairs have a
/// result in range. That is checked on the whole grid of exponents with the extreme fractions:
/// empty where it does not hold, or subnormal operands count.
std::vector<bound> range_bounds(const evaluator& evaluate, const wide_pairs& pairs);

}  // namespace pamkit::reports
