#include <gtest/gtest.h>

#include <cmath>

#include "closed_forms.hpp"
#include "pairs/fraction_weights.hpp"
#include "real/real_groups.hpp"
#include "real/real_pairs.hpp"
#include "requests.hpp"

namespace pamkit::reports {
namespace {

namespace cf = closed_form;

bound_group real_group(const std::string& operation, const std::string& arithmetic = "pam",
                       std::size_t n = 0) {
  return real_groups(*find_measured_operation(operation), *parse_arithmetic(arithmetic)).at(n);
}

double value(const bound_group& g, const char* metric) {
  const bound* b = g.find(metric);
  if (b == nullptr) throw std::out_of_range(metric);
  return b->value;
}

void expect_closed_form(const bound_group& g, const char* metric, cf::real expected) {
  // Both sides are binary64 roundings of numbers that are right to more digits.
  EXPECT_NEAR(value(g, metric), static_cast<double>(expected), 1e-16) << g.operation << metric;
  EXPECT_EQ(g.find(metric)->evidence, evidence_kind::proved);
}

TEST(real, products_have_the_closed_forms) {
  const bound_group g = real_group("mul");
  EXPECT_EQ(g.find("min_relative")->exact, "-1/9");
  EXPECT_EQ(g.find("max_relative")->exact, "0/1");
  EXPECT_EQ(g.find("mean_ratio")->exact, "26/27");
  expect_closed_form(g, "mean_relative", cf::pam_mean());
  expect_closed_form(g, "mean_relative_loguniform", cf::pam_mean_loguniform());
  // E[pam] = 26/12 and E[x y] = 9/4, pam never above: 1/12.
  expect_closed_form(g, "mean_absolute_error", 1 / 12.0L);
  EXPECT_EQ(g.find("worst_case_error")->exact, "1/4");  // 9/4 - 2 at 3/2 . 3/2
}

// The digits that the table of error bounds of the specification gives where it has no closed form.
TEST(real, products_have_the_tabulated_digits) {
  const bound_group g = real_group("mul");
  EXPECT_NEAR(value(g, "rms_relative"), 0.0484195948208996, 5e-17);
  EXPECT_NEAR(value(g, "gain"), 0.965816, 5e-7);
  EXPECT_NEAR(value(g, "offset_zero_mean"), 0.0566232706886, 5e-14);
  EXPECT_NEAR(value(g, "offset_minimax"), 0.0688575362464639, 5e-17);
  EXPECT_NEAR(value(g, "offset_least_rms"), 0.0552550006, 5e-11);
  EXPECT_NEAR(value(g, "rms_relative_at_offset_least_rms"), 0.0305375713, 5e-11);
  EXPECT_NEAR(value(real_group("mul", "l_mul"), "mean_relative"), 0.00408177020, 5e-12);
  EXPECT_EQ(real_group("mul", "l_mul").find("min_relative")->exact, "-161/2209");
}

TEST(real, the_minimax_offset_is_a_root_of_its_cubic) {
  // 8 / (3 - f)^2 - 1 = -f.
  const double f = value(real_group("mul"), "offset_minimax");
  EXPECT_NEAR(f * f * f - 7 * f * f + 15 * f - 1, 0, 1e-15);
}

// The least-squares gain by hand: E[pam x y] / E[x^2 y^2], the sum of the integrals of
// (x + y - 1) x y and 2 (x + y - 2) x y over the two triangles of [1, 2]^2.
TEST(real, the_gain_is_a_ratio_of_polynomial_integrals) {
  // Midpoint sums on n and 2 n cells differ from the integral by the order of h^2, the integrand being
  // continuous; Richardson's extrapolation leaves less than the tolerance.
  const auto midpoint = [](int n) {
    long double sum = 0;
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        const long double x = 1 + (i + 0.5L) / n;
        const long double y = 1 + (j + 0.5L) / n;
        sum += (x + y < 3 ? x + y - 1 : 2 * (x + y - 2)) * x * y;
      }
    }
    return sum / n / n;
  };
  const long double integral = (4 * midpoint(512) - midpoint(256)) / 3;
  EXPECT_NEAR(value(real_group("mul"), "gain"), static_cast<double>(integral / (49 / 9.0L)), 1e-8);
}

TEST(real, quotients_have_the_closed_forms) {
  const bound_group g = real_group("div");
  EXPECT_EQ(g.find("min_relative")->exact, "0/1");
  EXPECT_EQ(g.find("max_relative")->exact, "1/8");
  expect_closed_form(g, "mean_relative", cf::pad_mean());
  expect_closed_form(g, "mean_relative_loguniform", cf::pad_mean_loguniform());
  EXPECT_EQ(real_group("div", "pam", 1).operation, "reciprocal");
  EXPECT_EQ(real_group("div", "pam", 1).find("mean_relative")->exact, "1/12");
}

TEST(real, functions_have_the_closed_forms) {
  const bound_group exp2 = real_group("exp2");
  expect_closed_form(exp2, "max_relative", cf::paexp2_max());
  expect_closed_form(exp2, "mean_relative", cf::paexp2_mean());
  const bound_group log2 = real_group("log2");
  expect_closed_form(log2, "min_absolute", cf::palog2_min());
  expect_closed_form(log2, "max_absolute", 0);
  expect_closed_form(log2, "mean_absolute", cf::palog2_mean());
  const bound_group sqrt = real_group("sqrt");
  expect_closed_form(sqrt, "max_relative", cf::pasqrt_max());
  expect_closed_form(sqrt, "mean_relative", cf::pasqrt_mean());
}

TEST(real, compensated_products_reach_down_to_the_closed_form) {
  for (const int n : {0, 1, 5, 9}) {
    const reference::rational f = reference::rational(n) / reference::rational(16);
    const real_range range = real_error_range(pair_kind::product, f);
    const auto real_f = static_cast<cf::real>(f.to_high_precision());
    EXPECT_NEAR(range.least.error.to_double(), static_cast<double>(cf::compensated_pam_min(real_f)),
                1e-15)
        << n;
    EXPECT_EQ(range.greatest.error, f) << n;
  }
}

TEST(real, ranges_hold_at_every_point_of_a_grid) {
  for (const pair_kind kind : {pair_kind::product, pair_kind::quotient}) {
    for (const int c : {0, 3, 11}) {
      const real_range range =
          real_error_range(kind, reference::rational(c) / reference::rational(64));
      const long double f = c / 64.0L;
      for (int i = 0; i < 192; ++i) {
        for (int j = 0; j < 192; ++j) {
          const long double x = i / 192.0L;
          const long double y = j / 192.0L;
          const bool product = kind == pair_kind::product;
          const long double s = product ? x + y + f : x - y - f;
          const long double k = std::floor(s);
          const long double r = std::exp2(k) * (1 + s - k);
          const long double error =
              r / (product ? (1 + x) * (1 + y) : (1 + x) / (1 + y)) - 1;
          ASSERT_GE(error, range.least.error.to_double() - 1e-15L) << c << ' ' << i << ' ' << j;
          ASSERT_LE(error, range.greatest.error.to_double() + 1e-15L) << c << ' ' << i << ' ' << j;
        }
      }
    }
  }
}

// Against sums over a fine grid, whose means are the integrals' but for the square of its unit.
TEST(real, integrals_agree_with_the_sums_over_a_formats_pairs) {
  constexpr std::uint32_t kPairs = 1 << 12;
  const auto tolerance = static_cast<double>(cf::grid_mean_tolerance(1.0L / kPairs));
  for (const pair_kind kind : {pair_kind::product, pair_kind::quotient}) {
    for (const int c : {0, 100, 333}) {
      const real_pair_means real = real_means(kind, static_cast<long double>(c) / kPairs);
      const pair_class_sums sums = sum_pair_classes(kind, kPairs, static_cast<std::uint32_t>(c));
      const pair_means grid = means_of(sums.uniform, {1, 1, 1});
      EXPECT_NEAR(static_cast<double>(grid.mean), static_cast<double>(real.mean), tolerance);
      EXPECT_NEAR(static_cast<double>(grid.rms), static_cast<double>(real.rms), 4 * tolerance);
    }
  }
}

// Over binary32's fraction pairs, with the offsets rounded to its encodings: a whole offset is at most
// half a unit off, and the mean rises by no more than the offset does.
TEST(real, found_offsets_are_those_of_encoded_pairs) {
  const found_offsets found = find_offsets(pair_kind::product);
  constexpr std::uint32_t kPairs = 1 << 12;
  const auto at = [&](long double f) {
    return means_of(sum_pair_classes(pair_kind::product, kPairs,
                                     static_cast<std::uint32_t>(std::lround(f * kPairs)))
                        .uniform,
                    {1, 1, 1});
  };
  EXPECT_NEAR(static_cast<double>(at(found.zero_mean).mean), 0, 0.5 / kPairs);
  const long double step = 64.0L / kPairs;
  EXPECT_LT(at(found.least_rms).rms, at(found.least_rms + step).rms);
  EXPECT_LT(at(found.least_rms).rms, at(found.least_rms - step).rms);
}

}  // namespace
}  // namespace pamkit::reports
