/// Profile paper in the suite: the emulator's multiplications against the golden model's exact
/// fractions, and what a wrong implementation of it is caught by.
#include <gtest/gtest.h>

#include <algorithm>

#include "pamkit/profile/paper.hpp"
#include "pamkit/profiles.hpp"
#include "pamkit/properties/suite.hpp"
#include "pamkit/reference/golden_model.hpp"

namespace pamkit::properties {
namespace {

using profiles::paper;

constexpr std::int32_t kC = 463051;

reference::rules paper_rules(std::int32_t compensation) {
  return {.format = describe(binary32{}),
          .compensation = compensation,
          .arithmetic = std::string(kPaperPam)};
}

TEST(paper_profile, applies_its_slopes_by_an_ieee_product) {
  for (const std::int32_t compensation : {0, kC}) {
    const reference::rules rules = paper_rules(compensation);
    const paper::rules own{.compensation = compensation};
    const auto towards_a = reference::find_product_vjp(kPaperPam, reference::derivative::exact,
                                                       reference::wrt::a);
    const auto towards_b = reference::find_product_vjp(kPaperPam, reference::derivative::exact,
                                                       reference::wrt::b);
    entropy source(1);
    const case_shape shape{binary32{}, 2, compensation, profile::paper};
    const format_description f = describe(binary32{});
    for (int i = 0; i < 4000; ++i) {
      const column pair = draw_case(shape, f, source);
      const column x = {draw_encoding(f, source), pair[0], pair[1]};
      const paper::word d{x[0]};
      EXPECT_EQ(paper::mul_vjp_a(own, derivative::exact, {x[1]}, {x[2]}, d).bits, towards_a(rules, x));
      EXPECT_EQ(paper::mul_vjp_b(own, derivative::exact, {x[1]}, {x[2]}, d).bits, towards_b(rules, x));
    }
  }
}

suite_options of_paper() {
  suite_options options;
  options.profiles = {profile::paper};
  options.arithmetics = {*parse_arithmetic("pam"), *parse_arithmetic("pam:1.0552")};
  options.formats = {binary32{}};
  return options;
}

TEST(paper_profile, has_a_row_for_each_operation_and_reaches_its_case_classes) {
  const suite_results results = run_suite(of_paper());
  EXPECT_TRUE(results.passed());
  std::size_t judged = 0;
  std::size_t covered = 0;
  for (const result& r : results.rows) {
    EXPECT_EQ(r.profile, "paper");
    if (r.property == "generator") {
      ++covered;
      EXPECT_EQ(r.status, run_status::pass) << r.reason;
    } else if (r.status == run_status::pass) {
      ++judged;
      EXPECT_EQ(r.backend, "scalar");
      EXPECT_EQ(r.policy + r.overflow, "flushinfinity");
    } else {
      EXPECT_NE(r.reason.find("not defined under profile paper"), std::string::npos) << r.reason;
    }
  }
  EXPECT_EQ(judged, 10U);  // five operations, with and without compensation
  EXPECT_EQ(covered, 2U);  // a pool of pairs for each compensation
}

// One decision of the profile, wrong at a time.
template <paper::word (*Function)(const paper::rules&, paper::word, paper::word)>
void apply(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
           std::uint32_t* out, std::size_t count) {
  const paper::rules rules{.compensation = c.compensation};
  for (std::size_t i = 0; i < count; ++i) out[i] = Function(rules, {a[i]}, {b[i]}).bits;
}
paper::word xor_sign_of_zero(const paper::rules& p, paper::word a, paper::word b) {
  const paper::word r = paper::mul(p, a, b);
  return r.bits == 0 ? paper::word{(a.bits ^ b.bits) & 0x80000000U} : r;
}
paper::word range_of_the_sum(const paper::rules& p, paper::word a, paper::word b) {
  const paper::word r = paper::mul(p, a, b);
  return r.bits << 1 >= 0x7cf0bdc3U << 1 ? canonical_nan<binary32>() : r;
}
paper::word range_up_to_1e37(const paper::rules& p, paper::word a, paper::word b) {
  const float product = std::bit_cast<float>(a.bits) * std::bit_cast<float>(b.bits);
  const bool at_edge = (std::bit_cast<std::uint32_t>(product) & 0x7fffffffU) == 0x7cf0bdc3U;
  return at_edge ? paper::word{a.bits + b.bits - 0x3f800000U} : paper::mul(p, a, b);
}
paper::word with_the_sign_of_b(const paper::rules& p, paper::word a, paper::word b) {
  const paper::word r = paper::div_db(p, a, b);
  return sign(b) && !is_nan(r) ? paper::word{r.bits ^ 0x80000000U} : r;
}
paper::word uncompensated_quotient(const paper::rules& p, paper::word a, paper::word b) {
  return paper::div_db(p.uncompensated(), a, b);
}
paper::word compensated_reciprocal(const paper::rules& p, paper::word a, paper::word b) {
  return {(paper::div(p, {0x3f800000}, b).bits + (a.bits & 0x7fffffU)) & ~0x7fffffU};
}
paper::word saturated_slope(const paper::rules& p, paper::word a, paper::word b) {
  const paper::word r = paper::mul_da(p, a, b);
  return sign(r) != sign(b) ? paper::word{r.bits - 1} : r;
}

template <elementwise_function Wrong>
suite_results judged(const char* operation) {
  static const char* broken = nullptr;
  broken = operation;
  static constexpr backend kWrong{
      .name = "wrong",
      .description = "wrong on purpose",
      .elementwise = [](std::string_view name, std::string_view arithmetic) {
        if (name == broken && arithmetic == kPaperPam) return Wrong;
        return scalar_backend().elementwise(name, arithmetic);
      },
      .contraction = nullptr};
  suite_options options = of_paper();
  options.backends = {&kWrong};
  return run_suite(options);
}

TEST(paper_profile, rejects_each_decision_that_is_not_the_released_one) {
  EXPECT_FALSE(judged<apply<xor_sign_of_zero>>("mul").passed());
  EXPECT_FALSE(judged<apply<range_of_the_sum>>("mul").passed());
  EXPECT_FALSE(judged<apply<range_up_to_1e37>>("mul").passed());
  EXPECT_FALSE(judged<apply<with_the_sign_of_b>>("div_db").passed());
  EXPECT_FALSE(judged<apply<uncompensated_quotient>>("div_db").passed());
  EXPECT_FALSE(judged<apply<compensated_reciprocal>>("div_da").passed());
  EXPECT_FALSE(judged<apply<saturated_slope>>("mul_da").passed());
  EXPECT_TRUE(judged<apply<paper::mul>>("mul").passed());
}

TEST(paper_profile, replays_its_counterexamples) {
  const suite_results results = judged<apply<xor_sign_of_zero>>("mul");
  const auto row = std::ranges::find(results.rows, run_status::fail, &result::status);
  ASSERT_NE(row, results.rows.end());
  EXPECT_NE(row->counterexample->replay.find("--profile paper"), std::string::npos);
  EXPECT_EQ(row->counterexample->got, "80000000");
  EXPECT_EQ(row->counterexample->expected, "00000000");
}

}  // namespace
}  // namespace pamkit::properties
