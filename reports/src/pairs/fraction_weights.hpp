#pragma once

#include <array>
#include <cstdint>

#include "pairs/log_linear_rows.hpp"

namespace pamkit::reports {

/// The probability that a real number with a log-uniform significand (density 1 / ((1+F) ln 2)) has
/// 1 + i/M as its nearest significand, 0 <= i < M: the density's integral over the cell [x - h/2, x
/// + h/2), h = 1/M, where the cell of 1 reaches only h/4 down, into the binade below. The weights
/// add up to 1, and a mean with them differs from the integral by the order of h^2.
long double loguniform_weight(std::uint32_t i, std::uint32_t M);

/// Sums of one class of pairs: those whose results lie in one piece.
struct pair_sums {
  long double count = 0;   ///< pairs, or their weight
  long double ratio = 0;   ///< sum of weight * result / ordinary value
  long double square = 0;  ///< sum of weight * (result / ordinary value)^2
};

/// Every pair of fractions i/M, j/M once, by class: of a product pieces k = 0, 1, 2, of a quotient
/// k = 0, -1, -2, in this order.
struct pair_class_sums {
  std::array<pair_sums, 3> uniform{};     ///< every pair has weight 1 / M^2
  std::array<pair_sums, 3> loguniform{};  ///< both fractions are weighted with loguniform_weight
};

/// mag(r) = mag(a) + mag(b) - ONE + c for operands 1 + i/M, 1 + j/M and an offset 0 <= c <= M in
/// fraction units. With x, y the operands, s = i + j + c and k = floor(s / M) in {0, 1, 2}, the
/// result is 2^k (x + y + c/M - 1 - k), so r / (x y) = 2^k (1/y + (1 + g/y) / x) with g = c/M - 1 -
/// k: for every x the sum over y needs only sums of powers of 1/y below the two thresholds of j
/// where k changes. All M^2 pairs take O(M) steps. M at least 2^4.
///
/// Of a quotient mag(r) = mag(a) - mag(b) + ONE - c. With k = floor((i - j - c) / M) in {-2, -1, 0}
/// the result is 2^k (1 + x - y - c/M - k), so r y / x = 2^k (y + (g y - y^2) / x) with g = 1 - c/M
/// - k.
pair_class_sums sum_pair_classes(pair_kind kind, std::uint32_t M, std::uint32_t c);

/// Means of the relative error over classes that count `weights` times each.
struct pair_means {
  long double mean = 0;
  long double rms = 0;  ///< root of the mean square
};
pair_means means_of(const std::array<pair_sums, 3>& classes,
                    const std::array<long double, 3>& weights);

}  // namespace pamkit::reports
