/// Sweeps over every pair: what they find, and their error statistics.
#include <gtest/gtest.h>

#include <algorithm>

#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {
namespace {

suite_options every_pair(const backend& b, const char* operation, const any_format& format) {
  suite_options o;
  o.backends = {&b};
  o.arithmetics = {*parse_arithmetic("pam")};
  o.formats = {format};
  o.properties = {"P1"};
  o.operations = {operation};
  o.profiles = {profile::standard};
  o.level = suite_level::exhaustive;
  return o;
}

// Wrong at one pair of e4m3: 1.875 x -2.25.
constexpr std::uint32_t kA = 0x3f;
constexpr std::uint32_t kB = 0xc1;

void wrong_once(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                std::uint32_t* out, std::size_t count) {
  scalar_backend().elementwise("mul", "pam")(c, a, b, out, count);
  for (std::size_t i = 0; i < count; ++i) {
    if (a[i] == kA && b[i] == kB) out[i] ^= 1;
  }
}

elementwise_function find_wrong_once(std::string_view operation, std::string_view arithmetic) {
  if (operation == "mul" && arithmetic == "pam") return wrong_once;
  return scalar_backend().elementwise(operation, arithmetic);
}

constexpr backend kWrongOnce{.name = "wrong-once",
                             .description = "wrong on purpose",
                             .elementwise = find_wrong_once,
                             .contraction = nullptr};

TEST(sweep, finds_the_one_pair_that_is_wrong) {
  const suite_results results = run_suite(every_pair(kWrongOnce, "mul", e4m3{}));
  std::size_t rows = 0;
  for (const result& r : results.rows) {
    if (r.property != "P1") continue;
    ++rows;
    EXPECT_EQ(r.mode, run_mode::exhaustive);
    EXPECT_EQ(r.cases, 65536U);
    EXPECT_EQ(r.status, run_status::fail);
    EXPECT_FALSE(r.errors);
    ASSERT_TRUE(r.counterexample);
    EXPECT_EQ(r.counterexample->operands, (std::vector<std::string>{"3F", "C1"}));
  }
  EXPECT_EQ(rows, 4U);  // the policies
}

// An error is a quotient of 8/9 to 8/7 less 1, an exact difference; both roundings of what is
// compared are below 2^-52.
constexpr double kErrorRounding = 0x1p-51;

// 1 + F with two fraction bits: the relative error of 2^E (1 + Fa + Fb), or 2^E 2 (Fa + Fb), over
// (1 + Fa) (1 + Fb) is least at Fa = Fb = 1/2, where it is 2 / (9/4) - 1, and nowhere above 0 where
// nothing is rounded. Under gradual, 7/8 MIN is a tie between 3/4 MIN and MIN, which is even: exact
// products of 7/8 MIN become MIN, 1/7 too large.
TEST(sweep, counts_the_error_of_every_pair_in_range) {
  for (const result& r : run_suite(every_pair(scalar_backend(), "mul", e5m2{})).rows) {
    if (r.property != "P1") continue;
    ASSERT_TRUE(r.errors) << r.reason;
    EXPECT_EQ(r.errors->least.exact, "-1/9");
    EXPECT_EQ(r.errors->greatest.exact, r.policy == "flush" ? "0" : "1/7");
    EXPECT_NEAR(r.errors->least.value, -1.0 / 9, kErrorRounding);
    if (r.policy != "flush") continue;
    // Normal operands, fields 1 to 30, and exponent fields of the result 1 to 30.
    double sum = 0;
    std::uint64_t pairs = 0;
    for (int i = 4; i < 124; ++i) {
      for (int j = 4; j < 124; ++j) {
        const int k = i + j - 60;
        if (k < 4 || k >= 124) continue;
        const double x = 1 + (i % 4) / 4.0;
        const double y = 1 + (j % 4) / 4.0;
        const double carry = k / 4 - (i / 4 + j / 4 - 15);
        sum += (1 + (k % 4) / 4.0) * (carry == 1 ? 2 : 1) / (x * y) - 1;
        ++pairs;
      }
    }
    EXPECT_EQ(r.errors->pairs, 4 * pairs);  // signs
    // Errors are from -1/9 to 0, so that no partial sum passes pairs / 9: each addition of either
    // sum rounds by at most half an ulp of that.
    const auto n = static_cast<double>(4 * pairs);
    const double rounding_bound = 2 * n * (n / 9 * 0x1p-53 + kErrorRounding);
    EXPECT_NEAR(r.errors->sum, 4 * sum, rounding_bound);
  }
}

// A product that is wrong at one pair of the grid of binary32 exponents: (1 + ulp) times MAX.
void wrong_at_one_pair(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                       std::uint32_t* out, std::size_t count) {
  scalar_backend().elementwise("mul", "pam")(c, a, b, out, count);
  for (std::size_t i = 0; i < count; ++i) {
    if (a[i] == 0x3f800001 && b[i] == 0x7f7fffff) out[i] ^= 1;
  }
}

elementwise_function find_wrong_at_one_pair(std::string_view operation,
                                            std::string_view arithmetic) {
  if (operation == "mul" && arithmetic == "pam") return wrong_at_one_pair;
  return scalar_backend().elementwise(operation, arithmetic);
}

constexpr backend kWrongAtOnePair{.name = "wrong-at-one-pair",
                                  .description = "wrong on purpose",
                                  .elementwise = find_wrong_at_one_pair,
                                  .contraction = nullptr};

TEST(exponent_grid, finds_the_one_pair_that_is_wrong) {
  suite_options options;
  options.backends = {&kWrongAtOnePair};
  options.arithmetics = {*parse_arithmetic("pam")};
  options.formats = {binary32{}};
  options.policies = {subnormal_policy::flush};
  options.overflows = {overflow_policy::infinity};
  options.operations = {"mul"};
  options.properties = {"P1.exponents"};
  options.level = suite_level::standard;
  const suite_results results = run_suite(options);
  const auto row = std::ranges::find(results.rows, "P1.exponents", &result::statement);
  ASSERT_NE(row, results.rows.end());
  EXPECT_EQ(row->status, run_status::fail);
  // Exponent fields, both signs and seven fractions of either operand.
  EXPECT_EQ(row->cases, (256U * 2 * 7) * (256U * 2 * 7));
  ASSERT_TRUE(row->counterexample);
  EXPECT_EQ(row->counterexample->operands, (std::vector<std::string>{"3F800001", "7F7FFFFF"}));
}

}  // namespace
}  // namespace pamkit::properties
