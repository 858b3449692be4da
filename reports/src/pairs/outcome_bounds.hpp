#pragma once

#include <vector>

#include "measurement/evaluator.hpp"
#include "pairs/pair_outcomes.hpp"

namespace pamkit::reports {

/// All metrics of a set of outcomes: extremes, means, quantiles and distances, as exact fractions
/// where they are rational and the format's fraction has at most 7 bits (the denominator of a mean
/// over 2^20 pairs would fill a page); over fractions also the metrics that mix magnitudes.
std::vector<bound> bounds_of(const evaluator& evaluate, const pair_outcomes& outcomes,
                             error_domain domain);

}  // namespace pamkit::reports
