#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "pairs/log_linear_rows.hpp"
#include "pamkit/reference/rational.hpp"

namespace pamkit::reports {

/// A pair of fractions, in units of 1/M.
struct fraction_pair {
  std::int64_t a = 0;  ///< of the first operand
  std::int64_t b = 0;  ///< of the second

  friend bool operator==(const fraction_pair&, const fraction_pair&) = default;
};

/// A number over all pairs: exactly where `exact` is set, else to 60 bits or better.
struct pair_total {
  long double value = 0;
  std::optional<reference::rational> exact{};
};

/// What exact integers say of all M^2 pairs of a row set.
struct pair_totals {
  fraction_pair least;     ///< where the relative error is least
  fraction_pair greatest;  ///< where it is greatest
  fraction_pair worst;     ///< where abs(result - ordinary) is greatest
  std::uint64_t max_ulp = 0;
  fraction_pair max_ulp_at;
  std::uint64_t wrong = 0;         ///< results that are not the correctly rounded ones
  pair_total mean_absolute_error;  ///< of abs(result - ordinary)
  pair_total mean_ratio;           ///< sum of results over sum of ordinary values
  pair_total gain;                 ///< least-squares slope of results over ordinary values
};

/// Goes once through all rows. On a segment the ratio of two affine functions is monotone and a
/// difference is affine, so that extremes lie at segment ends (2^23 rows have at most 2^26 of them)
/// and sums have closed forms.
///
/// A result equals the correctly rounded ordinary value where their distance is at most half a unit
/// of that value and, if it is exactly half, where the rounding goes to the result: an interval of
/// t.
pair_totals total_pairs(const log_linear_rows& rows);

/// Calls `visit` with every segment end, and the ordinal of its result by the integer formula: what
/// `total_pairs` rests on, for comparing it with evaluated results.
void visit_segment_ends(const log_linear_rows& rows,
                        const std::function<void(fraction_pair, std::int64_t ordinal)>& visit);

}  // namespace pamkit::reports
