#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "closed_forms.hpp"
#include "measurement/nearest_results.hpp"
#include "pamkit/reference/exact_value.hpp"
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

// By the exact value of each result to 50 digits, rounded.
TEST_P(narrow_format, functions_have_distances_to_correctly_rounded_results) {
  using reference::rational;
  const auto rounded = [&](const std::string& name, const rational& x) {
    const reference::high_precision y = name == "exp2"   ? reference::ordinary_exp2(x)
                                        : name == "exp"  ? reference::ordinary_exp(x)
                                        : name == "log2" ? reference::ordinary_log2(x)
                                                         : reference::ordinary_log(x);
    return reference::encode(rational::from_high_precision(y), format, subnormal_policy::gradual,
                             overflow_policy::infinity);
  };
  for (const char* operation : {"exp2", "exp", "log2", "log"}) {
    const measurement_request request = make_request(operation, GetParam(), "pam");
    const elementwise_function apply = scalar_backend().elementwise(operation, "pam");
    const configuration rules =
        request.arithmetic.configure(request.format, request.policy, overflow_policy::infinity);
    std::uint64_t cases = 0;
    std::uint64_t wrong = 0;
    std::int64_t farthest = 0;
    const auto ordinal = [&](std::uint32_t bits) {
      const std::int64_t magnitude = (bits & format.magnitude_mask) >> format.dropped_bits;
      return format.sign(bits) ? -magnitude : magnitude;
    };
    const std::uint64_t count = std::uint64_t{1} << (1 + format.exponent_bits + format.kept_bits);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto a = static_cast<std::uint32_t>(i << format.dropped_bits);
      std::uint32_t r = 0;
      apply(rules, &a, nullptr, &r, 1);
      if (!format.is_finite(a) || !format.is_normal(r)) continue;
      // Sweeps of formats in 32 bits leave out what a flushing policy reads as 0.
      if (format.storage_bits == 32 && !format.is_normal(a)) continue;
      const rational x = reference::decode(format, a, subnormal_policy::flush).value;
      if (operation[0] == 'l' && x <= rational(0)) continue;
      const std::uint32_t expected = rounded(operation, x);
      if (!format.is_finite(expected)) continue;
      ++cases;
      wrong += expected != r ? 1U : 0U;
      farthest = std::max(farthest, std::abs(ordinal(expected) - ordinal(r)));
    }
    const measurement m = measure_in_range(request);
    EXPECT_EQ(at(m, "error_probability").cases, cases) << operation;
    EXPECT_EQ(
        at(m, "error_probability").value,
        static_cast<double>(static_cast<long double>(wrong) / static_cast<long double>(cases)))
        << operation;
    EXPECT_EQ(at(m, "max_ulp").value, static_cast<double>(farthest)) << operation;
  }
}

TEST_P(narrow_format, every_operation_has_the_distances) {
  for (const measured_operation& operation : measured_operations()) {
    const std::string name(operation.name);
    EXPECT_NE(in_range(name.c_str()).find("max_ulp"), nullptr) << name;
    EXPECT_NE(in_range(name.c_str()).find("error_probability"), nullptr) << name;
    if (operation.fractions == fraction_domain::none) continue;
    EXPECT_NE(fractions(name.c_str()).find("max_ulp"), nullptr) << name;
    EXPECT_NE(fractions(name.c_str()).find("error_probability"), nullptr) << name;
  }
}

// What a C library's result decides is decided by digits: ties of logarithms that are whole
// numbers, and powers halfway between two encodings.
TEST(nearest_results, rounds_ties_to_even) {
  const auto nearest = [](const char* operation, const char* format, std::uint32_t a,
                          std::uint32_t b = 0) {
    const nearest_results round(*find_measured_operation(operation),
                                describe(*parse_format(format)));
    std::uint32_t result = 0;
    round(&a, &b, &result, 1);
    return result;
  };
  EXPECT_EQ(nearest("log2", "e5m2", 0x60), 0x48U);  // 512: 9 lies between 8 and 10
  EXPECT_EQ(nearest("exp2", "binary32", 0xc0000000U), 0x3e800000U);
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24, half a unit above an even encoding.
  EXPECT_EQ(nearest("pow", "binary32", 0x3f800800U, 0x40000000U), 0x3f801000U);
  EXPECT_EQ(nearest("exp", "e4m3", 0x7e), 0x7fU);           // e^448: no finite encoding
  EXPECT_EQ(nearest("exp", "binary32", 0xc2d00000U), 0U);   // e^-104
  EXPECT_EQ(nearest("exp2", "binary32", 0xc3150000U), 1U);  // 2^-149, the least subnormal
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
