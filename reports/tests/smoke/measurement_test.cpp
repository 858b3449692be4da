#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "closed_forms.hpp"
#include "requests.hpp"

namespace pamkit::reports {
namespace {

namespace cf = closed_form;

constexpr const char* kNarrowFormats[] = {"bfloat16", "binary16", "e5m2", "e4m3", "binary32m7"};

class narrow_format : public testing::TestWithParam<const char*> {
 protected:
  const format_description format = describe(*parse_format(GetParam()));
  const cf::real h = std::ldexp(1.0L, -format.kept_bits);

  measurement fractions(const char* operation, const char* arithmetic = "pam") const {
    return measure_fractions(make_request(operation, GetParam(), arithmetic));
  }
  measurement in_range(const char* operation, const char* arithmetic = "pam") const {
    return measure_in_range(make_request(operation, GetParam(), arithmetic));
  }
};

TEST_P(narrow_format, pam_errs_between_minus_one_ninth_at_the_halves_and_zero) {
  const measurement m = fractions("mul");
  const std::uint32_t three_halves = format.one + format.min_normal / 2;
  EXPECT_EQ(at(m, "min_relative").exact, "-1/9");
  EXPECT_EQ(at(m, "min_relative").operands, (std::vector{three_halves, three_halves}));
  EXPECT_EQ(at(m, "min_relative").value, -1.0 / 9);
  EXPECT_EQ(at(m, "max_relative").exact, "0/1");
  EXPECT_EQ(at(m, "min_relative").evidence, evidence_kind::exhaustive);
  EXPECT_EQ(at(m, "min_relative").cases, std::uint64_t{1} << (2 * format.kept_bits));
}

TEST_P(narrow_format, pad_errs_between_zero_and_one_eighth) {
  const measurement m = fractions("div");
  EXPECT_EQ(at(m, "min_relative").exact, "0/1");
  EXPECT_EQ(at(m, "max_relative").exact, "1/8");
  EXPECT_EQ(at(m, "max_relative").operands,
            (std::vector{format.one, format.one + format.min_normal / 2}));
}

TEST_P(narrow_format, the_same_bounds_hold_over_all_operands_in_range) {
  EXPECT_EQ(at(in_range("mul"), "min_relative").exact, "-1/9");
  EXPECT_EQ(at(in_range("mul"), "max_relative").exact, "0/1");
  EXPECT_EQ(at(in_range("div"), "min_relative").exact, "0/1");
  EXPECT_EQ(at(in_range("div"), "max_relative").exact, "1/8");
}

TEST_P(narrow_format, means_are_the_closed_forms_up_to_the_grid) {
  const auto mean = [&](const char* operation, const char* metric) {
    return at(fractions(operation), metric).value;
  };
  const auto tolerance = static_cast<double>(cf::grid_mean_tolerance(h));
  EXPECT_NEAR(mean("mul", "mean_relative"), static_cast<double>(cf::pam_mean()), tolerance);
  EXPECT_NEAR(mean("div", "mean_relative"), static_cast<double>(cf::pad_mean()), tolerance);
  EXPECT_NEAR(mean("exp2", "mean_relative"), static_cast<double>(cf::paexp2_mean()), tolerance);
  EXPECT_NEAR(mean("log2", "mean_absolute"), static_cast<double>(cf::palog2_mean()), tolerance);
  EXPECT_NEAR(mean("sqrt", "mean_relative"), static_cast<double>(cf::pasqrt_mean()), tolerance);
  const auto loguniform = static_cast<double>(cf::grid_loguniform_tolerance(h));
  EXPECT_NEAR(mean("mul", "mean_relative_loguniform"),
              static_cast<double>(cf::pam_mean_loguniform()), loguniform);
  EXPECT_NEAR(mean("div", "mean_relative_loguniform"),
              static_cast<double>(cf::pad_mean_loguniform()), loguniform);
}

TEST_P(narrow_format, unary_extremes_are_the_closed_forms_up_to_the_grid) {
  const auto tolerance = static_cast<double>(cf::grid_extreme_tolerance(h));
  const auto expect_range = [&](const char* operation, const char* suffix, cf::real low,
                                cf::real high) {
    const measurement m = fractions(operation);
    EXPECT_NEAR(at(m, std::string("min_") + suffix).value, static_cast<double>(low), tolerance);
    EXPECT_NEAR(at(m, std::string("max_") + suffix).value, static_cast<double>(high), tolerance);
  };
  expect_range("exp2", "relative", 0, cf::paexp2_max());
  expect_range("log2", "absolute", cf::palog2_min(), 0);
  expect_range("sqrt", "relative", 0, cf::pasqrt_max());
}

TEST_P(narrow_format, every_error_lies_in_the_range_promised_for_a_compensation) {
  for (const char* arithmetic : {"pam:1.0552", "l_mul"}) {
    const measurement_request request = make_request("mul", GetParam(), arithmetic);
    const cf::real f =
        std::ldexp(static_cast<cf::real>(request.arithmetic
                                             .configure(request.format, subnormal_policy::flush,
                                                        overflow_policy::infinity)
                                             .compensation),
                   -format.fraction_bits);
    const measurement m = measure_fractions(request);
    EXPECT_GE(at(m, "min_relative").value,
              static_cast<double>(cf::compensated_pam_min(f)) - cf::kRounding);
    EXPECT_EQ(at(m, "max_relative").value, static_cast<double>(f));
  }
}

INSTANTIATE_TEST_SUITE_P(formats, narrow_format, testing::ValuesIn(kNarrowFormats));

// Sums p / q in lowest terms by hand: (8 + i)(8 + j) with i, j < 8, and 4 + i, 4 + j with i, j < 4.
TEST(measurement, the_mean_of_an_8_bit_format_is_an_exact_fraction) {
  for (const auto& [name, M] : {std::pair("e4m3", 8), std::pair("e5m2", 4)}) {
    reference::rational sum;
    for (int i = 0; i < M; ++i) {
      for (int j = 0; j < M; ++j) {
        const int result = i + j < M ? M + i + j : 2 * (i + j);
        sum = sum + reference::rational(result * M) / reference::rational((M + i) * (M + j)) -
              reference::rational(1);
      }
    }
    EXPECT_EQ(at(measure_fractions(make_request("mul", name, "pam")), "mean_relative").exact,
              fraction_text(sum / reference::rational(M * M)));
  }
}

TEST(measurement, the_error_of_exp_grows_with_its_argument) {
  const error_grid grid = argument_grid(make_request("exp", "binary32", "pam"), {-10, -1, 0});
  EXPECT_GT(grid.errors[0], 0.96);
  EXPECT_LT(grid.errors[0], 0.97);
  EXPECT_EQ(grid.errors[2], 0);
}

TEST(measurement, exact_arithmetic_is_within_half_an_ulp) {
  const measurement m = measure_in_range(make_request("mul", "e4m3", "exact"));
  EXPECT_EQ(at(m, "max_ulp").value, 0);
  EXPECT_EQ(at(m, "error_probability").value, 0);
  // Greatest where 7.5 units of the least subnormal become the smallest normal, 8 of them.
  EXPECT_EQ(at(m, "max_relative").exact, "1/15");
}

TEST(measurement, a_sample_depends_on_its_seed_alone) {
  measurement_request request = make_request("pow", "bfloat16", "pam");
  const measurement first = measure_in_range(request);
  EXPECT_EQ(first.bounds, measure_in_range(request).bounds);
  EXPECT_EQ(at(first, "min_relative").evidence, evidence_kind::sampled);
  request.seed = 2;
  EXPECT_NE(first.bounds, measure_in_range(request).bounds);
}

TEST(measurement, a_set_stop_flag_ends_it) {
  const std::atomic<bool> stop = true;
  measurement_request request = make_request("mul", "binary32", "pam");
  request.stop = &stop;
  EXPECT_THROW(measure_fractions(request), stopped);
}

TEST(measurement, an_absolute_difference_is_no_product) {
  const auto adder = *parse_arithmetic("adder");
  EXPECT_TRUE(reason_not_measured(*find_measured_operation("mul"), adder, error_domain::in_range));
}

TEST(measurement, maps_know_whether_a_carry_has_an_edge) {
  EXPECT_TRUE(pair_grid(make_request("mul", "bfloat16", "pam"), 7).encodings_add);
  EXPECT_TRUE(pair_grid(make_request("div", "bfloat16", "pam:1.0552"), 7).encodings_add);
  EXPECT_FALSE(pair_grid(make_request("mul", "bfloat16", "power_of_two"), 7).encodings_add);
}

TEST(measurement, a_histogram_counts_every_pair_once) {
  const error_histogram h = pair_histogram(make_request("mul", "bfloat16", "l_mul"), 32);
  std::uint64_t sum = 0;
  for (const std::uint64_t n : h.counts) sum += n;
  EXPECT_EQ(sum, std::uint64_t{1} << 14);
  EXPECT_EQ(h.evidence, evidence_kind::exhaustive);
}

}  // namespace
}  // namespace pamkit::reports
