#pragma once

#include <array>
#include <span>
#include <vector>

#include "pairs/log_linear_rows.hpp"

namespace pamkit::reports {

/// Quantiles of the relative error over all M^2 pairs: for every share q in (0, 1) the error below
/// which that share of the pairs lies. `weights[k]` is how often a pair counts whose result lies in
/// piece +-k.
///
/// On a segment the pairs with an error of at most v are a run of t with a computable end, so that
/// all pairs are counted for one v in one pass over the rows. Two such counts 2^-19 apart, around
/// an estimate from a part of the rows, enclose the quantile; between them the count is taken as
/// linear, which leaves an error of the order of 1e-12.
std::vector<long double> pair_quantiles(const log_linear_rows& rows,
                                        const std::array<long double, 3>& weights,
                                        std::span<const double> shares);

}  // namespace pamkit::reports
