#include "pairs/pair_quantiles.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace pamkit::reports {
namespace {

using real = double;

// The number of t in a segment with result <= ratio * ordinary, a real number between whole ones
// where the crossing lies between two t only by rounding.
std::int64_t count_at_most(const row_segment& s, real ratio) {
  const real d0 = static_cast<real>(s.r0) - ratio * static_cast<real>(s.e0);
  const real d1 = static_cast<real>(s.r1) - ratio * static_cast<real>(s.e1);
  const std::int64_t length = s.end - s.begin;
  if (d1 == 0) return d0 <= 0 ? length : 0;
  const real crossing = -d0 / d1 - static_cast<real>(s.begin);
  // Rising: t <= crossing; falling: t >= crossing.
  const auto whole = [&](real t) {
    return static_cast<std::int64_t>(std::clamp(t, real{0}, static_cast<real>(length)));
  };
  return d1 > 0 ? whole(std::floor(crossing) + 1) : length - whole(std::ceil(crossing));
}

// Counts over every `stride`th row, for all thresholds at once; the last element counts everything.
std::vector<long double> counts(const log_linear_rows& rows,
                                const std::array<long double, 3>& weights, std::int64_t stride,
                                std::span<const real> thresholds) {
  std::vector<std::array<std::int64_t, 3>> sums(thresholds.size() + 1);
  std::array<row_segment, log_linear_rows::kMostSegments> storage{};
  for (std::int64_t fixed = stride / 2; fixed < rows.size(); fixed += stride) {
    for (const row_segment& s : rows.row(fixed, storage)) {
      const auto piece = static_cast<std::size_t>(std::abs(s.piece));
      for (std::size_t n = 0; n < thresholds.size(); ++n) {
        sums[n][piece] += count_at_most(s, 1 + thresholds[n]);
      }
      sums.back()[piece] += s.end - s.begin;
    }
  }
  std::vector<long double> total;
  for (const auto& sum : sums) {
    long double weighted = 0;
    for (std::size_t k = 0; k < sum.size(); ++k) {
      weighted += weights[k] * static_cast<long double>(sum[k]);
    }
    total.push_back(weighted);
  }
  return total;
}

// Errors of pam and pad with any compensation lie within this.
constexpr real kGreatestError = 4;
constexpr std::int64_t kEstimateRows = 4096;
constexpr real kHalfWidth = 0x1p-20;

// One estimate for each share, from a part of the rows, by bisection.
std::vector<real> estimates(const log_linear_rows& rows, const std::array<long double, 3>& weights,
                            std::span<const double> shares) {
  const std::int64_t stride = std::max<std::int64_t>(1, rows.size() / kEstimateRows);
  std::vector<real> low(shares.size(), -1);
  std::vector<real> high(shares.size(), kGreatestError);
  std::vector<real> middle(shares.size());
  constexpr int kSteps = 44;
  for (int step = 0; step < kSteps; ++step) {
    for (std::size_t n = 0; n < shares.size(); ++n) middle[n] = (low[n] + high[n]) / 2;
    const std::vector<long double> count = counts(rows, weights, stride, middle);
    for (std::size_t n = 0; n < shares.size(); ++n) {
      (count[n] < shares[n] * count.back() ? low : high)[n] = middle[n];
    }
  }
  return high;
}

}  // namespace

std::vector<long double> pair_quantiles(const log_linear_rows& rows,
                                        const std::array<long double, 3>& weights,
                                        std::span<const double> shares) {
  const std::vector<real> centre = estimates(rows, weights, shares);
  std::vector<long double> quantiles(shares.size());
  std::vector<std::size_t> open;
  for (std::size_t n = 0; n < shares.size(); ++n) open.push_back(n);
  // Nearly always one pass; where the estimate was too far off, wider ones.
  for (real width = kHalfWidth; !open.empty(); width *= 64) {
    std::vector<real> thresholds;
    for (const std::size_t n : open) {
      thresholds.push_back(centre[n] - width);
      thresholds.push_back(centre[n] + width);
    }
    const std::vector<long double> count = counts(rows, weights, 1, thresholds);
    std::vector<std::size_t> still_open;
    for (std::size_t m = 0; m < open.size(); ++m) {
      const long double wanted = shares[open[m]] * count.back();
      const long double below = count[2 * m];
      const long double above = count[2 * m + 1];
      if (below >= wanted || above < wanted) {
        still_open.push_back(open[m]);
        continue;
      }
      quantiles[open[m]] =
          thresholds[2 * m] + 2 * width * static_cast<real>((wanted - below) / (above - below));
    }
    open = still_open;
  }
  return quantiles;
}

}  // namespace pamkit::reports
