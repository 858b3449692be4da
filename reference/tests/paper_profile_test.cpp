/// Profile paper by hand: each value is the sum of encodings that section 14.2 of
/// docs/specification.md writes, worked out in hexadecimal beside it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pamkit/format/profile.hpp"
#include "rules_for_tests.hpp"

namespace pamkit::reference {
namespace {

const rules kPaper = rules_for("binary32", kPaperPam);
const rules kDefault = rules_for("binary32");
constexpr std::int32_t kC = 463051;  // 0x710CB: alpha 1.0552
constexpr std::uint32_t kNan = 0x7fc00000;

TEST(PaperProfile, AddsWholeEncodingsWhereTheProductIsInRange) {
  EXPECT_EQ(golden("mul", kPaper, {0x3fc00000, 0x3fc00000}), 0x40000000U);  // 7F800000 - 3F800000
  EXPECT_EQ(golden("mul", kPaper, {0xbfc00000, 0x40400000}), 0xc0800000U);  // 100000000 - 3F800000
  // BFC00000 + BFC00000 = 17F800000 wraps to 7F800000: the signs cancel.
  EXPECT_EQ(golden("mul", kPaper, {0xbfc00000, 0xbfc00000}), 0x40000000U);
  EXPECT_EQ(golden("mul", compensated_by(kPaper, kC), {0x3f800000, 0x3f800000}), 0x3f8710cbU);
}

TEST(PaperProfile, ReadsSubnormalOperandsAsTheyAre) {
  // 2^-149 2^100 = 2^-49 is in range, and 00000001 + 71800000 - 3F800000 is near 2^-27.
  EXPECT_EQ(golden("mul", kPaper, {0x00000001, 0x71800000}), 0x32000001U);
  EXPECT_EQ(golden("mul", kDefault, {0x00000001, 0x71800000}), 0x00000000U);
  // 2^-30 / 2^-149 = 2^119: 30800000 - 00000001 + 3F800000.
  EXPECT_EQ(golden("div", kPaper, {0x30800000, 0x00000001}), 0x6fffffffU);
}

TEST(PaperProfile, DecidesTheRangeByTheOrdinaryProduct) {
  EXPECT_EQ(golden("mul", kPaper, {0x80000000, 0x40a00000}), 0x00000000U);  // always +0
  EXPECT_EQ(golden("mul", kPaper, {0x80800000, 0x3f800000}), 0x00000000U);  // 2^-126 is below 1e-37
  EXPECT_EQ(golden("mul", kPaper, {0x7f7fffff, 0x3f800000}), kNan);         // MAX is above 1e37
  EXPECT_EQ(golden("mul", kPaper, {0x7f800000, 0x3f800000}), kNan);
  EXPECT_EQ(golden("mul", kPaper, {0x7f800000, 0x00000000}), kNan);
  EXPECT_EQ(golden("mul", kPaper, {0xffc12345, 0x3f800000}), kNan);
}

// The binary32 numbers beside an edge, times one.
void expect_turn(std::uint32_t last_below, const rational& edge, bool zero_below) {
  const auto value = [](std::uint32_t bits) {
    return decode(kPaper.format, bits, subnormal_policy::gradual).value;
  };
  ASSERT_LT(value(last_below), edge);
  ASSERT_GE(value(last_below + 1), edge);
  const std::uint32_t below = golden("mul", kPaper, {last_below, 0x3f800000});
  const std::uint32_t above = golden("mul", kPaper, {last_below + 1, 0x3f800000});
  EXPECT_EQ(below, zero_below ? 0 : last_below);
  EXPECT_EQ(above, zero_below ? last_below + 1 : kNan);
  EXPECT_EQ(golden("div", kPaper, {last_below, 0x3f800000}), below);
  EXPECT_EQ(golden("div", kPaper, {last_below + 1, 0x3f800000}), above);
}

TEST(PaperProfile, TurnsAtTenToThePowersOf37) {
  const integer power = boost::multiprecision::pow(integer(10), 37);
  expect_turn(0x02081cea, rational::ratio(1, power), true);
  expect_turn(0x7cf0bdc2, rational(power), false);
  // What counts is RN(a b): these products are above an edge, and rounded to the number below it
  // (found by search in exact fractions).
  EXPECT_EQ(golden("mul", kPaper, {0x3f9027c4, 0x01f1b7c4}), 0x00000000U);
  EXPECT_EQ(golden("mul", kPaper, {0x3ff8e510, 0x7c779d1c}), 0x7cf0822cU);  // the sum
}

TEST(PaperProfile, SubtractsWholeEncodings) {
  EXPECT_EQ(golden("div", kPaper, {0x3f800000, 0x3fc00000}), 0x3f400000U);  // 7F000000 - 3FC00000
  // 40A00000 - C0400000 + 3F800000 modulo 2^32: 5 / -3 is -1.75.
  EXPECT_EQ(golden("div", kPaper, {0x40a00000, 0xc0400000}), 0xbfe00000U);
  EXPECT_EQ(golden("div", compensated_by(kPaper, kC), {0x3f800000, 0x3f800000}), 0x3f78ef35U);
  EXPECT_EQ(golden("div", kPaper, {0x80000000, 0x40a00000}), 0x00000000U);
  EXPECT_EQ(golden("div", kPaper, {0x40a00000, 0x00000000}), kNan);
  EXPECT_EQ(golden("div", kPaper, {0x00000000, 0x00000000}), kNan);
  EXPECT_EQ(golden("div", kPaper, {0x40a00000, 0xff800000}), 0x00000000U);  // 5 / inf is 0
}

TEST(PaperProfile, MasksTheSlopesOfProducts) {
  EXPECT_EQ(golden("mul_da", kPaper, {0x3fc00000, 0x3fc00000}), 0x40000000U);  // 3FC00000 + 400000
  EXPECT_EQ(golden("mul_da", kPaper, {0x3f800000, 0xbfc00000}), 0xbf800000U);
  EXPECT_EQ(golden("mul_da", compensated_by(kPaper, kC), {0x3f800000, 0x3fffffff}), 0x40000000U);
  // Infinities and NaNs are encodings like others: 7FC00000 + 400000 wraps into the sign bit.
  EXPECT_EQ(golden("mul_da", kPaper, {0x3f800000, 0x7fc00000}), 0x7f800000U);
  EXPECT_EQ(golden("mul_da", kPaper, {0x3fc00000, 0x7fc00000}), 0x80000000U);
  EXPECT_EQ(golden("mul_da", kPaper, {0x3fc00000, 0xffc00000}), 0x00000000U);
  EXPECT_EQ(golden("mul_da", kPaper, {0x3fc00000, 0x00400000}), 0x00800000U);  // subnormal b
}

TEST(PaperProfile, MasksTheSlopesOfQuotients) {
  // pad(1, 1.5) = 3F400000; + 400000 = 3F800000, + 0 = 3F400000.
  EXPECT_EQ(golden("div_da", kPaper, {0x3fc00000, 0x3fc00000}), 0x3f800000U);
  EXPECT_EQ(golden("div_da", kPaper, {0x3f800000, 0x3fc00000}), 0x3f000000U);
  // Without compensation, and by the profile's own pad: 1 / 0 is NaN, whose fraction is cleared.
  EXPECT_EQ(golden("div_da", compensated_by(kPaper, kC), {0x3f800000, 0x3f800000}), 0x3f800000U);
  EXPECT_EQ(golden("div_da", kPaper, {0x3f800000, 0x00000000}), 0x7f800000U);
  EXPECT_EQ(golden("div_da", kPaper, {0x3fc00000, 0x00000000}), 0x80000000U);
  EXPECT_EQ(golden("div_da", kPaper, {0x3fc00000, 0x7f800000}), 0x00000000U);  // 1 / inf is 0
}

TEST(PaperProfile, LosesTheSignOfADivisor) {
  // pad(1, 3) = 3EC00000, cleared 3E800000 = 2^-2, by 2^1: -2^-3.
  EXPECT_EQ(golden("div_db", kPaper, {0x3f800000, 0x40400000}), 0xbe000000U);
  EXPECT_EQ(golden("div_db", kDefault, {0x3f800000, 0x40400000}), 0xbe000000U);
  // pad(1, -3) = BEC00000: the quotient is negative and 2^Eb is not.
  EXPECT_EQ(golden("div_db", kPaper, {0x3f800000, 0xc0400000}), 0x3e000000U);
  EXPECT_EQ(golden("div_db", kDefault, {0x3f800000, 0xc0400000}), 0xbe000000U);
}

TEST(PaperProfile, DividesTheQuotientWithItsCompensation) {
  // pad(1, 1) = 3F78EF35, cleared 3F000000.
  EXPECT_EQ(golden("div_db", compensated_by(kPaper, kC), {0x3f800000, 0x3f800000}), 0xbf000000U);
  EXPECT_EQ(golden("div_db", kPaper, {0x3f800000, 0x3f800000}), 0xbf800000U);
}

TEST(PaperProfile, DividesByTheExponentFieldAlone) {
  EXPECT_EQ(golden("div_db", kPaper, {0x00000000, 0x40400000}), 0x80000000U);  // -(0 / 2)
  // A subnormal divisor has a zero field: pad = 1 - 1 + 3F800000, by 0.
  EXPECT_EQ(golden("div_db", kPaper, {0x00000001, 0x00000001}), 0xff800000U);
  EXPECT_EQ(golden("div_db", kPaper, {0x3f800000, 0x7f800000}), 0x80000000U);  // -(0 / inf)
  EXPECT_EQ(golden("div_db", kPaper, {0x3f800000, 0x7fc00000}), kNan);         // inf / inf
  EXPECT_EQ(golden("div_db", kPaper, {0x7f000000, 0x3f000000}), 0xff800000U);  // inf / 2^-1
}

TEST(PaperProfile, AppliesASlopeByAnIeeeProduct) {
  const scalar_oracle towards_a = find_product_vjp(kPaperPam, derivative::exact, wrt::a);
  const scalar_oracle towards_b = find_product_vjp(kPaperPam, derivative::exact, wrt::b);
  ASSERT_NE(towards_a, nullptr);
  EXPECT_EQ(find_product_vjp(kPaperPam, derivative::approx, wrt::a), nullptr);
  // d = 2^-149, slope of 1 . 2 towards 1 is 2: the subnormal is kept. d = 1e37, slope 1e37: infinite.
  const std::vector<std::uint32_t> tiny = {0x00000001, 0x3f800000, 0x40000000};
  EXPECT_EQ(towards_a(kPaper, tiny), 0x00000002U);
  const std::vector<std::uint32_t> huge = {0x7cf00000, 0x3f800000, 0x7cf00000};
  EXPECT_EQ(towards_a(kPaper, huge), 0x7f800000U);
  // Towards b: the slope is that of the exchanged product, 2^0 [1 + 1/2 + 1/2] = 2.
  const std::vector<std::uint32_t> both = {0x40400000, 0x3fc00000, 0x40c00000};
  EXPECT_EQ(towards_b(kPaper, both), 0x40c00000U);  // 3 . 2
}

TEST(PaperProfile, IsListedNowhereAndDefinesFiveOperations) {
  for (const std::string_view name : arithmetics()) EXPECT_NE(name, kPaperPam);
  std::string defined;
  for (const std::string_view name : operations()) {
    if (defines(name, kPaperPam)) defined += std::string(name) + " ";
  }
  EXPECT_EQ(defined, "div div_da div_db mul mul_da ");
}

TEST(PaperProfile, ExplainsItsDecision) {
  const explanation text = explain("mul", kPaper, std::vector<std::uint32_t>{0x00000001, 0x71800000});
  ASSERT_EQ(text.steps.size(), 2U);
  EXPECT_NE(text.steps[1].find("a + b - ONE + compensation modulo 2^32"), std::string::npos);
  EXPECT_EQ(text.operands[0].kind, "subnormal");
  EXPECT_EQ(text.result, 0x32000001U);
}

}  // namespace
}  // namespace pamkit::reference
