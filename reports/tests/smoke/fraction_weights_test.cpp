#include "pairs/fraction_weights.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace pamkit::reports {
namespace {

using real = long double;

struct pair_case {
  std::uint32_t M;
  std::uint32_t c;
};

class fraction_pairs : public testing::TestWithParam<pair_case> {};

// 2^floor(s) (1 + s - floor(s))
real piecewise(real s) {
  const real k = std::floor(s);
  return std::exp2(k) * (1 + s - k);
}

struct grid_means {
  real mean = 0;
  real rms = 0;
  real mean_loguniform = 0;
};

grid_means row_sum_means(pair_kind kind, std::uint32_t M, std::uint32_t c) {
  const pair_class_sums sums = sum_pair_classes(kind, M, c);
  const pair_means uniform = means_of(sums.uniform, {1, 1, 1});
  return {uniform.mean, uniform.rms, means_of(sums.loguniform, {1, 1, 1}).mean};
}

grid_means direct_means(std::uint32_t M, std::uint32_t c, bool quotient) {
  real sum = 0;
  real squares = 0;
  real loguniform = 0;
  for (std::uint32_t i = 0; i < M; ++i) {
    for (std::uint32_t j = 0; j < M; ++j) {
      const real x = 1 + static_cast<real>(i) / M;
      const real y = 1 + static_cast<real>(j) / M;
      const real f = static_cast<real>(c) / M;
      const real error =
          quotient ? piecewise(x - y - f) * y / x - 1 : piecewise(x + y - 2 + f) / (x * y) - 1;
      sum += error;
      squares += error * error;
      loguniform += error * loguniform_weight(i, M) * loguniform_weight(j, M);
    }
  }
  const real n = static_cast<real>(M) * M;
  return {.mean = sum / n, .rms = std::sqrt(squares / n), .mean_loguniform = loguniform};
}

// Both sides sum at most 2^18 terms below 1 in 64 bits.
constexpr real kSummation = 0x1p-44L;

void expect_equal(const grid_means& a, const grid_means& b) {
  EXPECT_NEAR(static_cast<double>(a.mean - b.mean), 0, kSummation);
  EXPECT_NEAR(static_cast<double>(a.rms - b.rms), 0, kSummation);
  EXPECT_NEAR(static_cast<double>(a.mean_loguniform - b.mean_loguniform), 0, kSummation);
}

TEST_P(fraction_pairs, running_sums_of_products_equal_the_sum_over_all_pairs) {
  const auto [M, c] = GetParam();
  expect_equal(row_sum_means(pair_kind::product, M, c), direct_means(M, c, false));
}

TEST_P(fraction_pairs, running_sums_of_quotients_equal_the_sum_over_all_pairs) {
  const auto [M, c] = GetParam();
  expect_equal(row_sum_means(pair_kind::quotient, M, c), direct_means(M, c, true));
}

TEST_P(fraction_pairs, loguniform_weights_add_up_to_one) {
  const std::uint32_t M = GetParam().M;
  real sum = 0;
  for (std::uint32_t i = 0; i < M; ++i) sum += loguniform_weight(i, M);
  EXPECT_NEAR(static_cast<double>(sum - 1), 0, kSummation);
}

INSTANTIATE_TEST_SUITE_P(grids, fraction_pairs,
                         testing::Values(pair_case{16, 0}, pair_case{16, 15}, pair_case{128, 0},
                                         pair_case{128, 1}, pair_case{128, 8}, pair_case{128, 100},
                                         pair_case{512, 28}));

}  // namespace
}  // namespace pamkit::reports
