#include <gtest/gtest.h>

#include <cmath>

#include "closed_forms.hpp"
#include "requests.hpp"

namespace pamkit::reports {
namespace {

namespace cf = closed_form;

const cf::real kUnit = std::ldexp(1.0L, -23);
const auto kMean = static_cast<double>(cf::grid_mean_tolerance(kUnit) + cf::kRounding);
const auto kLoguniform = static_cast<double>(cf::grid_loguniform_tolerance(kUnit) + cf::kRounding);
const auto kExtreme = static_cast<double>(cf::grid_extreme_tolerance(kUnit) + cf::kRounding);

measurement fractions(const char* operation, const char* arithmetic = "pam") {
  return measure_fractions(make_request(operation, "binary32", arithmetic));
}

TEST(binary32_bounds, pam_over_the_fraction_pairs) {
  const measurement m = fractions("mul");
  EXPECT_EQ(at(m, "min_relative").exact, "-1/9");
  EXPECT_EQ(at(m, "min_relative").operands, (std::vector{0x3fc00000U, 0x3fc00000U}));
  EXPECT_EQ(at(m, "max_relative").exact, "0/1");
  EXPECT_EQ(at(m, "min_relative").evidence, evidence_kind::proved);
  EXPECT_NEAR(at(m, "mean_relative").value, static_cast<double>(cf::pam_mean()), kMean);
  EXPECT_NEAR(at(m, "mean_relative_loguniform").value,
              static_cast<double>(cf::pam_mean_loguniform()), kLoguniform);
  EXPECT_EQ(at(m, "mean_relative").evidence, evidence_kind::exhaustive);
  EXPECT_EQ(at(m, "mean_relative").cases, std::uint64_t{1} << 46);
}

TEST(binary32_bounds, pad_over_the_fraction_pairs) {
  const measurement m = fractions("div");
  EXPECT_EQ(at(m, "min_relative").exact, "0/1");
  EXPECT_EQ(at(m, "max_relative").exact, "1/8");
  EXPECT_EQ(at(m, "max_relative").operands, (std::vector{0x3f800000U, 0x3fc00000U}));
  EXPECT_NEAR(at(m, "mean_relative").value, static_cast<double>(cf::pad_mean()), kMean);
  EXPECT_NEAR(at(m, "mean_relative_loguniform").value,
              static_cast<double>(cf::pad_mean_loguniform()), kLoguniform);
}

TEST(binary32_bounds, l_mul_over_the_fraction_pairs) {
  const measurement m = fractions("mul", "l_mul");
  // Compensation 1/16: 8 / (3 - 1/16)^2 - 1 = 8 * 256 / 47^2 - 1.
  EXPECT_EQ(at(m, "min_relative").exact, "-161/2209");
  EXPECT_EQ(at(m, "max_relative").exact, "1/16");
}

TEST(binary32_bounds, power_of_two_over_the_fraction_pairs) {
  const measurement m = fractions("mul", "power_of_two");
  EXPECT_EQ(at(m, "max_relative").exact, "1/3");
  // Up to the rounding's tie just below 3/2, which is not continuous: half a unit of h per kink.
  EXPECT_NEAR(at(m, "mean_relative").value, static_cast<double>(cf::power_of_two_mean()),
              static_cast<double>(kUnit));
}

TEST(binary32_bounds, exp2_over_the_unit_interval) {
  const measurement m = fractions("exp2");
  EXPECT_EQ(at(m, "min_relative").value, 0);
  EXPECT_NEAR(at(m, "max_relative").value, static_cast<double>(cf::paexp2_max()), kExtreme);
  EXPECT_NEAR(at(m, "mean_relative").value, static_cast<double>(cf::paexp2_mean()), kMean);
  EXPECT_EQ(at(m, "max_relative").evidence, evidence_kind::exhaustive);
}

TEST(binary32_bounds, log2_over_one_binade) {
  const measurement m = fractions("log2");
  EXPECT_NEAR(at(m, "min_absolute").value, static_cast<double>(cf::palog2_min()), kExtreme);
  EXPECT_EQ(at(m, "max_absolute").value, 0);
  EXPECT_NEAR(at(m, "mean_absolute").value, static_cast<double>(cf::palog2_mean()), kMean);
}

// Whatever range the fractions have, all operands have at least: the pairs of the former are among these.
TEST(binary32_bounds, ranges_in_range_contain_those_over_fractions) {
  for (const char* arithmetic : {"pam", "power_of_two"}) {
    const measurement_request request = make_request("mul", "binary32", arithmetic);
    const measurement over_fractions = measure_fractions(request);
    const measurement in_range = measure_in_range(request);
    EXPECT_GE(at(in_range, "max_ulp").value, at(over_fractions, "max_ulp").value) << arithmetic;
    EXPECT_GE(at(in_range, "max_relative").value, at(over_fractions, "max_relative").value);
    EXPECT_LE(at(in_range, "min_relative").value, at(over_fractions, "min_relative").value);
  }
}

TEST(binary32_bounds, sqrt_over_two_binades) {
  const measurement m = fractions("sqrt");
  EXPECT_EQ(at(m, "min_relative").value, 0);
  EXPECT_NEAR(at(m, "max_relative").value, static_cast<double>(cf::pasqrt_max()),
              static_cast<double>(cf::kRounding));
  EXPECT_EQ(at(m, "max_relative").operands, (std::vector{0x40000000U}));
  EXPECT_NEAR(at(m, "mean_relative").value, static_cast<double>(cf::pasqrt_mean()), kMean);
}

}  // namespace
}  // namespace pamkit::reports
