#include <gtest/gtest.h>

#include <cmath>

#include "identities/exp_composition.hpp"
#include "identities/identities.hpp"
#include "layers/layer_errors.hpp"
#include "range_ends/range_ends.hpp"
#include "requests.hpp"

namespace pamkit::reports {
namespace {

group_request request_for(const std::string& arithmetic) {
  return {.arithmetic = *parse_arithmetic(arithmetic), .level = report_level::quick};
}

const bound& in(const bound_group& g, const std::string& metric) {
  const bound* b = g.find(metric);
  if (b == nullptr) throw std::out_of_range(metric);
  return *b;
}

TEST(identities, distributivity_lies_between_eight_ninths_and_28_25ths) {
  const bound_group g = real_distributivity();
  EXPECT_EQ(in(g, "min_ratio").exact, "8/9");
  EXPECT_EQ(in(g, "max_ratio").exact, "28/25");
  EXPECT_EQ(in(g, "max_ratio").evidence, evidence_kind::proved);
  EXPECT_NE(in(g, "max_ratio").note.find("a = 7/5"), std::string::npos);
}

TEST(identities, a_format_attains_the_lower_end_of_distributivity_and_not_the_upper) {
  for (const char* format : {"e4m3", "bfloat16"}) {
    const bound_group g = distributivity_of(request_for("pam"), *parse_format(format));
    EXPECT_EQ(in(g, "min_ratio").exact, "8/9") << format;
    EXPECT_LT(in(g, "max_ratio").value, 28 / 25.0) << format;
    EXPECT_GT(in(g, "max_ratio").value, 28 / 25.0 - 0.02) << format;
  }
}

TEST(identities, softmax_rows_add_up_to_between_one_and_nine_eighths) {
  const auto groups = softmax_row_sums(request_for("pam"));
  const bound_group& real = groups.front();
  EXPECT_EQ(in(real, "min_ratio").exact, "1/1");
  EXPECT_EQ(in(real, "max_ratio").exact, "9/8");
  const bound_group& all = groups.back();
  EXPECT_EQ(in(all, "max_ratio").value, 1.125);
  EXPECT_EQ(in(all, "max_ratio").operands, (std::vector<std::uint32_t>(3, 0)));
  // 1024 additions of terms below 9/8, each within half a unit of 2^-23.
  EXPECT_GE(in(all, "min_ratio").value, 1 - 1024 * std::ldexp(1.0, -24));
  for (const bound_group& g : groups) EXPECT_LE(in(g, "max_ratio").value, 1.1251) << g.shape;
}

TEST(identities, dot_products_err_by_at_most_a_ninth_of_their_terms) {
  const auto groups = dot_products(request_for("pam"));
  EXPECT_EQ(in(groups.front(), "max_ratio").exact, "1/9");
  bool one_term = false;
  for (const bound_group& g : groups) {
    EXPECT_LE(in(g, "max_ratio").value, 1 / 9.0 + 4096 * std::ldexp(1.0, -24)) << g.shape;
    // Of single random products the worst is seen nearly.
    if (g.shape == "1") {
      one_term = true;
      EXPECT_GT(in(g, "max_ratio").value, 0.1);
    }
  }
  EXPECT_TRUE(one_term);
}

TEST(identities, exp_errs_as_exp2_against_its_own_product_and_far_more_with_its_argument) {
  const measurement_request request = make_request("exp", "binary32", "pam");
  const auto groups = exp_in_steps(request);
  const bound_group& steps = groups.at(0);
  EXPECT_EQ(steps.operation, "exp_composition");
  EXPECT_LE(in(steps, "max_relative").value, 0.0614757);
  EXPECT_GE(in(steps, "min_relative").value, -std::ldexp(1.0, -23));
  // The table of error bounds: +96.07 % at -10, +117 % near -10.5.
  EXPECT_NEAR(in(groups.at(1), "relative_at_-10").value, 0.9607, 5e-5);
  EXPECT_NEAR(in(groups.at(1), "relative_at_-10.5").value, 1.17, 5e-3);
}

TEST(layers, over_exact_arithmetic_are_those_in_binary64) {
  for (const layer_case& layer : measured_layers()) {
    const auto groups = layer_errors(request_for("exact"), layer);
    EXPECT_FALSE(groups.empty()) << layer.name;
    for (const bound_group& g : groups) {
      // Roundings of at most 576 additions and a few functions.
      EXPECT_NEAR(in(g, "gain").value, 1, 1e-5) << layer.name << ' ' << g.shape;
      EXPECT_LT(in(g, "relative_rms").value, 1e-5) << layer.name << ' ' << g.shape;
    }
  }
}

TEST(layers, over_pam_have_a_gain_below_one_and_a_residual_within_its_error) {
  for (const layer_case& layer : measured_layers()) {
    for (const bound_group& g : layer_errors(request_for("pam"), layer)) {
      EXPECT_GT(in(g, "relative_rms").value, 1e-4) << layer.name;
      EXPECT_LT(in(g, "relative_rms").value, 0.3) << layer.name << ' ' << g.shape;
      EXPECT_LE(in(g, "residual").value, in(g, "relative_rms").value + 1e-12) << layer.name;
      if (layer.name == "matmul") {
        // Terms with the gain of one product, 1893/1960, up to the sample.
        EXPECT_NEAR(in(g, "gain").value, 1893 / 1960.0, 0.02) << g.shape;
      }
    }
  }
}

TEST(range_ends, flushed_results_err_by_their_whole_value) {
  measurement_request request = make_request("mul", "bfloat16", "pam");
  const exponent_profile flush = profile_range_ends(request);
  ASSERT_FALSE(flush.exponents.empty());
  EXPECT_EQ(flush.zero.front(), 1);
  EXPECT_EQ(flush.least.front(), -1);
  EXPECT_EQ(flush.overflowed.back(), 1);
  request.policy = subnormal_policy::gradual;
  const exponent_profile gradual = profile_range_ends(request);
  double subnormal = 0;
  for (std::size_t n = 0; n < gradual.exponents.size(); ++n) subnormal += gradual.subnormal[n];
  EXPECT_GT(subnormal, 1);
  for (std::size_t n = 0; n < flush.exponents.size(); ++n) {
    EXPECT_NEAR(flush.normal[n] + flush.subnormal[n] + flush.zero[n] + flush.overflowed[n], 1, 1e-12);
  }
}

}  // namespace
}  // namespace pamkit::reports
