#include "pamkit/reference/golden_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "rules_for_tests.hpp"

namespace pamkit::reference {
namespace {

constexpr std::uint32_t kOne = 0x3f800000;
constexpr std::uint32_t kTwo = 0x40000000;
constexpr std::uint32_t kHalf = 0x3f000000;
constexpr std::uint32_t kThreeHalves = 0x3fc00000;
constexpr std::uint32_t kInf = 0x7f800000;
constexpr std::uint32_t kMinusInf = 0xff800000;
constexpr std::uint32_t kNan = 0x7fc00000;
constexpr std::uint32_t kMinusZero = 0x80000000;
constexpr std::uint32_t kMax = 0x7f7fffff;
constexpr std::uint32_t kMin = 0x00800000;

const rules kPam = rules_for("binary32");
const rules kExact = rules_for("binary32", "exact");

TEST(Pam, AddsFractionsAndCarriesThem) {
  EXPECT_EQ(golden("mul", kPam, {kThreeHalves, kThreeHalves}), kTwo);
  EXPECT_EQ(golden("mul", kPam, {kThreeHalves, 0x3fa00000}), 0x3fe00000U);  // 1.5 . 1.25 = 1.75
  EXPECT_EQ(golden("mul", kPam, {0xbfc00000, 0x40400000}), 0xc0800000U);    // -1.5 . 3 = -4
  EXPECT_EQ(golden("mul", kPam, {0x3fffffff, kThreeHalves}), 0x403fffffU);
}

TEST(Pam, DecidesItsRangeByTheWholeResult) {
  // 2^-63 . 2^-63 = 2^-126 = MIN is kept; 2^-63 . 2^-64 is flushed, or a subnormal.
  EXPECT_EQ(golden("mul", kPam, {0x20000000, 0x20000000}), kMin);
  EXPECT_EQ(golden("mul", kPam, {0x20000000, 0x9f800000}), kMinusZero);
  EXPECT_EQ(golden("mul", gradual(kPam), {0x20000000, 0x9f800000}), 0x80400000U);
  // The fraction carry lifts 1.5 2^-64 . 1.5 2^-63 to 2^-126.
  EXPECT_EQ(golden("mul", kPam, {0x1fc00000, 0x20400000}), kMin);
  // 1.5 2^63 . 1.5 2^64 carries past the range.
  EXPECT_EQ(golden("mul", kPam, {0x5f400000, 0x5fc00000}), kInf);
  EXPECT_EQ(golden("mul", kPam, {0xdf400000, 0x5fc00000}), kMinusInf);
  EXPECT_EQ(golden("mul", saturating(kPam), {0xdf400000, 0x5fc00000}), 0xff7fffffU);
  EXPECT_EQ(golden("mul", kPam, {kMax, kOne}), kMax);
}

TEST(Pam, NormalisesSubnormalOperandsUnderGradual) {
  // 2^-149 . 2^23 = 2^-126; 3 2^-149 = 1.5 2^-148, . 1.5 = 2^-147.
  EXPECT_EQ(golden("mul", gradual(kPam), {0x00000001, 0x4b000000}), kMin);
  EXPECT_EQ(golden("mul", gradual(kPam), {0x00000003, kThreeHalves}), 0x00000004U);
  EXPECT_EQ(golden("mul", kPam, {0x00000003, kThreeHalves}), 0x00000000U);
  // 2^-149 . 1.5 = 1.5 units: a tie, to 2. 2^-149 . 0.5: a tie, to 0.
  EXPECT_EQ(golden("mul", gradual(kPam), {0x00000001, kThreeHalves}), 0x00000002U);
  EXPECT_EQ(golden("mul", gradual(kPam), {0x80000001, kHalf}), kMinusZero);
}

TEST(Pam, FollowsTheTableOfSpecialOperands) {
  EXPECT_EQ(golden("mul", kPam, {0xffc12345, kOne}), kNan);
  EXPECT_EQ(golden("mul", kPam, {0x7f800001, 0}), kNan);
  EXPECT_EQ(golden("mul", kPam, {kMinusZero, kOne}), kMinusZero);
  EXPECT_EQ(golden("mul", kPam, {kMinusZero, kMinusZero}), 0U);
  EXPECT_EQ(golden("mul", kPam, {kInf, 0}), kNan);
  EXPECT_EQ(golden("mul", kPam, {0x00000001, kInf}), kNan);  // a flushed subnormal is a zero
  EXPECT_EQ(golden("mul", gradual(kPam), {0x00000001, kInf}), kInf);
  EXPECT_EQ(golden("mul", kPam, {kMinusInf, 0xbf800000}), kInf);
  EXPECT_EQ(golden("mul", saturating(kPam), {kInf, kTwo}), kInf);
}

TEST(Pam, ActsWithItsCompensation) {
  const rules r = compensated_by(kPam, 463051);
  EXPECT_EQ(golden("mul", r, {kOne, kOne}), kOne + 463051);
  EXPECT_EQ(golden("div", r, {kTwo, kOne}), kTwo - 463051);
  EXPECT_EQ(golden("mul", compensated_by(kPam, 1), {kMax, kOne}), kInf);
  EXPECT_EQ(golden("mul", compensated_by(kPam, 1), {0x00ffffff, kHalf}), kMin);
  // The compositions use none.
  EXPECT_EQ(golden("exp", r, {kOne}), golden("exp", kPam, {kOne}));
  EXPECT_EQ(golden("log", r, {kTwo}), golden("log", kPam, {kTwo}));
  EXPECT_EQ(golden("sqrt", r, {kTwo}), golden("sqrt", kPam, {kTwo}));
}

TEST(Pam, IsNotAssociativeUnderClamping) {
  const std::uint32_t big = 0x71800000;    // 2^100
  const std::uint32_t small = 0x0d800000;  // 2^-100
  const std::uint32_t left = golden("mul", kPam, {golden("mul", kPam, {big, big}), small});
  const std::uint32_t right = golden("mul", kPam, {big, golden("mul", kPam, {big, small})});
  EXPECT_EQ(left, kInf);
  EXPECT_EQ(right, big);
}

TEST(Pad, SubtractsFractionsAndBorrows) {
  EXPECT_EQ(golden("div", kPam, {kOne, kThreeHalves}), 0x3f400000U);  // 1/8 above 2/3
  EXPECT_EQ(golden("div", kPam, {kThreeHalves, kThreeHalves}), kOne);
  EXPECT_EQ(golden("div", kPam, {kTwo, kThreeHalves}), kThreeHalves);
  EXPECT_EQ(golden("div", kPam, {kMax, kHalf}), kInf);
  EXPECT_EQ(golden("div", kPam, {kMin, 0xc0000000}), kMinusZero);
}

TEST(Pad, FollowsTheTableOfSpecialOperands) {
  EXPECT_EQ(golden("div", kPam, {0, kMinusZero}), kNan);
  EXPECT_EQ(golden("div", kPam, {kInf, kMinusInf}), kNan);
  EXPECT_EQ(golden("div", kPam, {kMinusZero, kTwo}), kMinusZero);
  EXPECT_EQ(golden("div", kPam, {kOne, kMinusInf}), kMinusZero);
  EXPECT_EQ(golden("div", kPam, {kOne, kMinusZero}), kMinusInf);
  EXPECT_EQ(golden("div", saturating(kPam), {kOne, 0}), kInf);
  EXPECT_EQ(golden("div", kPam, {kInf, 0}), kInf);
  EXPECT_EQ(golden("div", kPam, {0, kMinusInf}), kMinusZero);
  EXPECT_EQ(golden("div", kPam, {kOne, 0x00000001}), kInf);  // a flushed subnormal is a zero
  const rules e4m3 = rules_for("e4m3");
  EXPECT_EQ(golden("div", e4m3, {0xb8, 0x00}), 0x7fU);
  EXPECT_EQ(golden("div", saturating(e4m3), {0xb8, 0x00}), 0xfeU);
}

TEST(Paexp2, InterpolatesBetweenPowersOfTwo) {
  EXPECT_EQ(golden("exp2", kPam, {kOne}), kTwo);
  EXPECT_EQ(golden("exp2", kPam, {kHalf}), kThreeHalves);
  EXPECT_EQ(golden("exp2", kPam, {0xbf000000}), 0x3f400000U);
  EXPECT_EQ(golden("exp2", kPam, {kMinusZero}), kOne);
  EXPECT_EQ(golden("exp2", kPam, {0xb2000000}), kOne);         // -2^-27 rounds up to 1
  EXPECT_EQ(golden("exp2", kPam, {0x33800000}), kOne);         // 2^-24: a tie, to even
  EXPECT_EQ(golden("exp2", kPam, {0x34400000}), 0x3f800002U);  // 1.5 2^-23: a tie, to even
  EXPECT_EQ(golden("exp2", kPam, {0xb4400000}), 0x3f7ffffeU);  // 1 - 1.5 2^-24: a tie, to even
}

TEST(Paexp2, EndsWhereTheRangeEnds) {
  EXPECT_EQ(golden("exp2", kPam, {0xc2fc0000}), kMin);  // 2^-126
  EXPECT_EQ(golden("exp2", kPam, {0xc2fc0001}), 0U);
  EXPECT_EQ(golden("exp2", gradual(kPam), {0xc2fe0000}), 0x00400000U);
  EXPECT_EQ(golden("exp2", kPam, {0x42ffffff}), 0x7f7fffc0U);  // 2^(128 - 2^-17)
  EXPECT_EQ(golden("exp2", kPam, {0x43000000}), kInf);
  EXPECT_EQ(golden("exp2", saturating(kPam), {0x43000000}), kMax);
  EXPECT_EQ(golden("exp2", saturating(kPam), {kMax}), kMax);
  EXPECT_EQ(golden("exp2", kPam, {0xff7fffff}), 0U);
  EXPECT_EQ(golden("exp2", kPam, {kMinusInf}), 0U);
  EXPECT_EQ(golden("exp2", saturating(kPam), {kInf}), kInf);
  EXPECT_EQ(golden("exp2", kPam, {0xffffffff}), kNan);
}

TEST(Palog2, IsExponentPlusFraction) {
  EXPECT_EQ(golden("log2", kPam, {kOne}), 0U);
  EXPECT_EQ(golden("log2", kPam, {kThreeHalves}), kHalf);
  EXPECT_EQ(golden("log2", kPam, {0x3f400000}), 0xbf000000U);
  EXPECT_EQ(golden("log2", kPam, {0x3f800001}), 0x34000000U);           // 2^-23
  EXPECT_EQ(golden("log2", kPam, {kMax}), 0x43000000U);                 // 128 - 2^-23, rounded
  EXPECT_EQ(golden("log2", gradual(kPam), {0x00000001}), 0xc3150000U);  // -149
  EXPECT_EQ(golden("log2", kPam, {0x00000001}), kMinusInf);
  EXPECT_EQ(golden("log2", kPam, {0x80000001}), kMinusInf);  // a flushed subnormal is a zero first
  EXPECT_EQ(golden("log2", gradual(kPam), {0x80000001}), kNan);
  EXPECT_EQ(golden("log2", kPam, {kMinusZero}), kMinusInf);
  EXPECT_EQ(golden("log2", kPam, {0xbf800000}), kNan);
  EXPECT_EQ(golden("log2", kPam, {kMinusInf}), kNan);
  EXPECT_EQ(golden("log2", kPam, {kInf}), kInf);
  EXPECT_EQ(golden("log2", rules_for("e4m3"), {0x00}), 0x7fU);
  EXPECT_EQ(golden("log2", saturating(rules_for("e4m3")), {0x00}), 0xfeU);
}

TEST(Compositions, AreCompositionsOfEncodings) {
  EXPECT_EQ(golden("exp", kPam, {0}), kOne);
  // pam(1, log2e) = log2e = 1 + 0x38aa3b 2^-23; paexp2 of it is 2 (1 + 0x38aa3b 2^-23).
  EXPECT_EQ(golden("exp", kPam, {kOne}), 0x4038aa3bU);
  // palog2(2) = 1; pad(1, log2e) = 2^-1 (2 - 0x38aa3b 2^-23).
  EXPECT_EQ(golden("log", kPam, {kTwo}), 0x3f800000U - 0x38aa3bU);
  EXPECT_EQ(golden("log", kPam, {kOne}), 0U);
  EXPECT_EQ(golden("log", kPam, {0}), kMinusInf);
  EXPECT_EQ(golden("exp", kPam, {kMinusInf}), 0U);
  EXPECT_EQ(golden("pow", kPam, {kTwo, 0x40400000}), 0x41000000U);  // 2^3
  EXPECT_EQ(golden("sqrt", kPam, {0x40800000}), kTwo);
  EXPECT_EQ(golden("sqrt", kPam, {kTwo}), kThreeHalves);
}

TEST(Compositions, HavePinnedSurprises) {
  EXPECT_EQ(golden("pow", kPam, {kInf, 0}), kNan);
  EXPECT_EQ(golden("pow", kPam, {kOne, kInf}), kNan);
  EXPECT_EQ(golden("pow", kPam, {0xbf800000, kTwo}), kNan);
  EXPECT_EQ(golden("sqrt", kPam, {kMinusZero}), 0U);
  EXPECT_EQ(golden("sqrt", kPam, {0xbf800000}), kNan);
  EXPECT_EQ(golden("sqrt", kPam, {kInf}), kInf);
  EXPECT_EQ(golden("exp", rules_for("e4m3"), {0xfe}), 0x7fU);
  EXPECT_EQ(golden("exp", saturating(rules_for("e4m3")), {0xfe}), 0x00U);
}

TEST(Papow, HasItsOwnRuleForZero) {
  EXPECT_EQ(golden("pow", kPam, {0, kOne}), 0U);
  EXPECT_EQ(golden("pow", kPam, {kMinusZero, kOne}), 0U);
  EXPECT_EQ(golden("pow", kPam, {0, kInf}), 0U);
  EXPECT_EQ(golden("pow", kPam, {kMinusZero, kMinusZero}), kOne);
  EXPECT_EQ(golden("pow", kPam, {0, 0x80000001}), kOne);  // p is a flushed zero
  EXPECT_EQ(golden("pow", gradual(kPam), {0, 0x80000001}), kInf);
  EXPECT_EQ(golden("pow", kPam, {0, 0xbf800000}), kInf);
  EXPECT_EQ(golden("pow", saturating(kPam), {0, 0xbf800000}), kInf);
  EXPECT_EQ(golden("pow", kPam, {0x00000001, kMinusInf}), kInf);
  EXPECT_EQ(golden("pow", kPam, {0, 0x7f812345}), kNan);
  EXPECT_EQ(golden("pow", rules_for("e4m3"), {0x00, 0xb8}), 0x7fU);
  EXPECT_EQ(golden("pow", saturating(rules_for("e4m3")), {0x00, 0xb8}), 0x7eU);
}

TEST(Pasqrt, ReachesItsPinnedDistanceFromTheRootOfASquare) {
  // sqrt(a . a) is within 16 encodings of a, attained here.
  const std::uint32_t a = 0x20000010;
  const std::uint32_t root = golden("sqrt", kPam, {golden("mul", kPam, {a, a})});
  EXPECT_EQ(root > a ? root - a : a - root, 16U);
}

TEST(MulSlope, TakesThePieceOfLargerMagnitudeAtAnEdge) {
  EXPECT_EQ(golden("mul_da", kPam, {kOne, kThreeHalves}), kOne);
  EXPECT_EQ(golden("mul_da", kPam, {kThreeHalves, kThreeHalves}), kTwo);  // Fa + Fb = 1
  EXPECT_EQ(golden("mul_da", kPam, {0x3fbfffff, kThreeHalves}), kOne);
  EXPECT_EQ(golden("mul_da", kPam, {0xbfc00000, 0xc0400000}), 0xc0800000U);
  EXPECT_EQ(golden("mul_da", kPam, {0, kThreeHalves}), kOne);     // F of zero is 0
  EXPECT_EQ(golden("mul_da", kPam, {kInf, kThreeHalves}), kOne);  // and of infinity
  EXPECT_EQ(golden("mul_da", kPam, {kOne, kMinusZero}), kMinusZero);
  EXPECT_EQ(golden("mul_da", kPam, {0, kMinusInf}), kMinusInf);
  EXPECT_EQ(golden("mul_da", kPam, {kNan, 0}), kNan);
  // The slope overflows where the product does not.
  EXPECT_EQ(golden("mul_da", kPam, {0x3fc00000, 0x7f400000}), kInf);
  EXPECT_EQ(golden("mul_da", saturating(kPam), {0x3fc00000, 0x7f400000}), kMax);
  // With f = 1/2 the bracket can reach 2.
  const rules half = compensated_by(kPam, 0x400000);
  EXPECT_EQ(golden("mul_da", half, {kOne, kThreeHalves}), kTwo);
  EXPECT_EQ(golden("mul_da", half, {0x3fe00000, 0x3fe00000}), 0x40800000U);
}

TEST(DivSlopes, AreSignedPowersOfTwo) {
  EXPECT_EQ(golden("div_da", kPam, {kOne, kThreeHalves}), kHalf);
  EXPECT_EQ(golden("div_da", kPam, {kThreeHalves, 0xbfc00000}), 0xbf800000U);
  EXPECT_EQ(golden("div_da", kPam, {kOne, kMinusZero}), kMinusInf);
  EXPECT_EQ(golden("div_da", kPam, {kOne, kMinusInf}), kMinusZero);
  EXPECT_EQ(golden("div_db", kPam, {kOne, kThreeHalves}), 0xbf000000U);
  EXPECT_EQ(golden("div_db", kPam, {0xbf800000, 0xc0400000}), 0x3e000000U);  // 2^(0 - 2 - 1)
  EXPECT_EQ(golden("div_db", kPam, {0, 0}), kNan);
  EXPECT_EQ(golden("div_db", kPam, {kInf, kMinusInf}), kNan);
  EXPECT_EQ(golden("div_db", kPam, {0, kOne}), kMinusZero);
  EXPECT_EQ(golden("div_db", kPam, {0xbf800000, kInf}), 0U);
  EXPECT_EQ(golden("div_db", kPam, {kInf, 0}), kMinusInf);
  EXPECT_EQ(golden("div_db", kPam, {0xbf800000, 0}), kInf);
  EXPECT_EQ(golden("div_db", kPam, {0, kInf}), kMinusZero);
  EXPECT_EQ(golden("div_da", compensated_by(kPam, 1), {kOne, kOne}), kHalf);
}

TEST(ExpAndLogSlopes, ArePowersOfTwo) {
  EXPECT_EQ(golden("exp2_da", kPam, {0xb2000000}), kHalf);  // paexp2 rounds to 1 there
  EXPECT_EQ(golden("exp2_da", kPam, {kMinusZero}), kOne);
  EXPECT_EQ(golden("exp2_da", kPam, {kThreeHalves}), kTwo);
  EXPECT_EQ(golden("exp2_da", kPam, {kMinusInf}), 0U);
  EXPECT_EQ(golden("exp2_da", kPam, {kInf}), kInf);
  EXPECT_EQ(golden("exp2_da", saturating(kPam), {kMax}), kMax);
  EXPECT_EQ(golden("exp2_da", kPam, {0xff7fffff}), 0U);
  EXPECT_EQ(golden("log2_da", kPam, {0x40400000}), kHalf);
  EXPECT_EQ(golden("log2_da", kPam, {kMinusZero}), kInf);
  EXPECT_EQ(golden("log2_da", kPam, {0xbf800000}), kNan);
  EXPECT_EQ(golden("log2_da", kPam, {kInf}), 0U);
  EXPECT_EQ(golden("log2_da", kPam, {kMax}), 0U);  // 2^-127 is flushed
  EXPECT_EQ(golden("log2_da", gradual(kPam), {kMax}), 0x00400000U);
}

TEST(LMul, IsPamWithAnOffsetThatDependsOnTheFormat) {
  EXPECT_EQ(golden("mul", rules_for("binary32", "l_mul"), {kOne, kOne}), 0x3f880000U);  // l = 4
  EXPECT_EQ(golden("mul", rules_for("bfloat16", "l_mul"), {0x3f80, 0x3f80}), 0x3f88U);
  EXPECT_EQ(golden("mul", rules_for("e4m3", "l_mul"), {0x38, 0x38}), 0x39U);  // l = 3
  EXPECT_EQ(golden("mul", rules_for("e5m2", "l_mul"), {0x3c, 0x3c}), 0x3dU);  // l = 2
  EXPECT_EQ(golden("mul", rules_for("binary32m1", "l_mul"), {kOne, kOne}), kThreeHalves);
  EXPECT_EQ(golden("mul", rules_for("binary32m4", "l_mul"), {kOne, kOne}), 0x3f900000U);  // l = 3
  EXPECT_FALSE(defines("div", "l_mul"));
  EXPECT_TRUE(defines("mul_da", "l_mul"));
}

TEST(PowerOfTwo, RoundsTheWeight) {
  const rules r = rules_for("binary32", "power_of_two");
  EXPECT_EQ(golden("mul", r, {kThreeHalves, kThreeHalves}), 0x40400000U);  // a tie, to the larger
  EXPECT_EQ(golden("mul", r, {kThreeHalves, 0xbfbfffff}), 0xbfc00000U);
  EXPECT_EQ(golden("mul", r, {kHalf, kMax}), 0x7f000000U);  // 2^128 is allowed for the weight
  EXPECT_EQ(golden("mul", r, {kOne, kMax}), kInf);
  EXPECT_EQ(golden("mul", r, {0, kMinusInf}), kNan);
  EXPECT_EQ(golden("mul", r, {kMinusZero, kOne}), kMinusZero);
  EXPECT_FALSE(defines("mul_da", "power_of_two"));
}

TEST(Adder, IsMinusTheDistance) {
  const rules r = rules_for("binary32", "adder");
  EXPECT_EQ(golden("mul", r, {kOne, kThreeHalves}), 0xbf000000U);
  EXPECT_EQ(golden("mul", r, {kOne, kOne}), kMinusZero);
  EXPECT_EQ(golden("mul", r, {0, kMinusZero}), kMinusZero);
  EXPECT_EQ(golden("mul", r, {kMin, 0x00800001}), 0x80000001U);  // never flushed
  EXPECT_EQ(golden("mul", r, {0x00000001, 0}), 0x80000001U);
  EXPECT_EQ(golden("mul", r, {kInf, kInf}), kNan);
  EXPECT_EQ(golden("mul", r, {kInf, kMinusInf}), kMinusInf);
  EXPECT_EQ(golden("mul", r, {kOne, kInf}), kMinusInf);
  EXPECT_EQ(golden("mul", saturating(r), {kMax, 0xff7fffff}), kMinusInf);
  EXPECT_EQ(golden("mul", saturating(rules_for("binary32m23", "adder")), {kMax, 0xff7fffff}),
            0xff7fffffU);
  EXPECT_EQ(golden("mul", rules_for("e4m3", "adder"), {0x7e, 0xfe}), 0x7fU);
  EXPECT_EQ(golden("mul", saturating(rules_for("e4m3", "adder")), {0x7e, 0xfe}), 0xfeU);
}

TEST(Exact, IsIeeeAndNeverFlushes) {
  EXPECT_EQ(golden("mul", kExact, {kThreeHalves, kThreeHalves}), 0x40100000U);
  EXPECT_EQ(golden("mul", kExact, {0x00000001, kOne}), 0x00000001U);
  EXPECT_EQ(golden("mul", kExact, {kMin, kHalf}), 0x00400000U);
  EXPECT_EQ(golden("mul", saturating(kExact), {kMax, kTwo}), kMax);
  EXPECT_EQ(golden("mul", saturating(kExact), {kInf, kTwo}), kInf);
  EXPECT_EQ(golden("div", kExact, {kOne, 0x40400000}), 0x3eaaaaabU);
  EXPECT_EQ(golden("div", kExact, {kOne, kMinusZero}), kMinusInf);
  EXPECT_EQ(golden("div", kExact, {0, 0}), kNan);
  EXPECT_EQ(golden("sqrt", kExact, {kTwo}), 0x3fb504f3U);
  EXPECT_EQ(golden("sqrt", kExact, {kMinusZero}), kMinusZero);
  EXPECT_EQ(golden("sqrt", kExact, {0x00000001}), 0x1a3504f3U);  // 2^-74.5
  EXPECT_EQ(golden("sqrt", kExact, {0x80000001}), kNan);
  EXPECT_EQ(golden("log", rules_for("e4m3", "exact"), {0x00}), 0x7fU);
  EXPECT_EQ(golden("log", saturating(rules_for("e4m3", "exact")), {0x00}), 0xfeU);
  EXPECT_FALSE(defines("mul_da", "exact"));
}

TEST(ProductVjp, AppliesTheDerivativeOfTheArithmetic) {
  const auto vjp = [](const rules& r, derivative kind, wrt operand,
                      std::initializer_list<std::uint32_t> x) {
    return find_product_vjp(r.arithmetic, kind, operand)(
        r, std::span<const std::uint32_t>(x.begin(), x.size()));
  };
  const std::uint32_t d = 0x3fa00000;  // 1.25
  EXPECT_EQ(vjp(kPam, derivative::approx, wrt::a, {d, kOne, kThreeHalves}), 0x3fe00000U);
  EXPECT_EQ(vjp(kPam, derivative::approx, wrt::b, {d, kTwo, kThreeHalves}), 0x40200000U);
  EXPECT_EQ(vjp(kPam, derivative::exact, wrt::a, {d, kOne, kThreeHalves}), d);
  EXPECT_EQ(vjp(kPam, derivative::exact, wrt::b, {d, kTwo, kThreeHalves}), 0x40200000U);
  // The compensation enters the slope but not its application.
  const rules compensated = compensated_by(kPam, 0x400000);
  EXPECT_EQ(vjp(compensated, derivative::approx, wrt::a, {kOne, kOne, kOne}), kThreeHalves);
  EXPECT_EQ(vjp(compensated, derivative::exact, wrt::a, {kOne, kOne, kThreeHalves}), kTwo);
  EXPECT_EQ(vjp(kExact, derivative::exact, wrt::a, {d, kNan, kThreeHalves}), 0x3ff00000U);

  const rules power = rules_for("binary32", "power_of_two");
  EXPECT_EQ(vjp(power, derivative::approx, wrt::b, {d, kThreeHalves, kOne}), 0x40200000U);
  EXPECT_EQ(find_product_vjp("power_of_two", derivative::exact, wrt::a), nullptr);

  const rules adder = rules_for("binary32", "adder");
  EXPECT_EQ(vjp(adder, derivative::approx, wrt::a, {d, kOne, 0x40800000}), d);  // clipped to 1
  EXPECT_EQ(vjp(adder, derivative::approx, wrt::a, {d, 0x40800000, kOne}), 0xbfa00000U);
  EXPECT_EQ(vjp(adder, derivative::approx, wrt::a, {d, kOne, kThreeHalves}), 0x3f200000U);
  EXPECT_EQ(vjp(adder, derivative::approx, wrt::b, {d, 0x40800000, kOne}), 0x40700000U);
  EXPECT_EQ(vjp(adder, derivative::approx, wrt::a, {d, kInf, kInf}), kNan);
  EXPECT_EQ(vjp(adder, derivative::approx, wrt::a, {d, kOne, kInf}), d);
  EXPECT_EQ(find_product_vjp("adder", derivative::exact, wrt::a), nullptr);
}

TEST(GoldenModel, RefusesWhatItDoesNotDefine) {
  EXPECT_THROW(golden("mul", rules_for("binary32", "none"), {kOne, kOne}), std::invalid_argument);
  EXPECT_THROW(golden("none", kPam, {kOne}), std::invalid_argument);
  EXPECT_THROW(golden("mul", kPam, {kOne}), std::invalid_argument);
  EXPECT_THROW(golden("exp2", rules_for("e5m2"), {0x100}), std::invalid_argument);
  EXPECT_THROW(golden("exp2", rules_for("binary32m7"), {1}), std::invalid_argument);
  EXPECT_EQ(find("div", "adder"), nullptr);
  EXPECT_EQ(operand_count("pow"), 2);
  EXPECT_EQ(operand_count("none"), 0);
}

TEST(GoldenModel, ListsWhatHasAFile) {
  for (const auto operation : {"div", "div_da", "div_db", "exp", "exp2", "exp2_da", "log", "log2",
                               "log2_da", "mul", "mul_da", "pow", "sqrt"}) {
    EXPECT_EQ(std::ranges::count(operations(), operation), 1) << operation;
    EXPECT_TRUE(defines(operation, "pam")) << operation;
  }
  for (const auto arithmetic : {"adder", "exact", "l_mul", "pam", "power_of_two"}) {
    EXPECT_EQ(std::ranges::count(arithmetics(), arithmetic), 1) << arithmetic;
    EXPECT_TRUE(defines("mul", arithmetic)) << arithmetic;
  }
}

TEST(Explain, TellsACaseStepByStep) {
  const std::vector<std::uint32_t> operands = {kThreeHalves, kThreeHalves};
  const explanation text = explain("mul", kPam, operands);
  EXPECT_EQ(text.operands[0].exponent, 0);
  EXPECT_EQ(text.operands[0].fraction, "1/2");
  EXPECT_EQ(text.operands[1].value, "3/2");
  EXPECT_EQ(text.definition, "2");
  EXPECT_EQ(text.ordinary, "9/4");
  EXPECT_EQ(text.relative_error, "-1/9");
  EXPECT_EQ(text.piece, "Fa + Fb = 1 >= 1: carry, 2^(Ea + Eb + 1) (1 + 0)");
  ASSERT_EQ(text.slopes.size(), 1U);
  EXPECT_EQ(text.slopes[0].value, "2");
  EXPECT_EQ(text.result, kTwo);

  const std::vector<std::uint32_t> one = {kOne};
  const explanation steps = explain("exp", kPam, one);
  EXPECT_EQ(steps.steps.size(), 3U);
  EXPECT_EQ(steps.ordinary_decimal, "2.7182818284590452");
  EXPECT_FALSE(steps.relative_error_decimal.empty());

  const std::vector<std::uint32_t> special = {kInf, 0};
  EXPECT_EQ(explain("mul", kPam, special).result_value, "NaN");
}

// Every case of every operation can be explained.
TEST(Explain, WorksForEveryOperationOnSpecialOperands) {
  const std::vector<std::uint32_t> values = {0,    kMinusZero, 1,          kMin,       kOne, kMax,
                                             kInf, kMinusInf,  0xbf800000, 0xff7fffff, kNan};
  for (const auto arithmetic : arithmetics()) {
    for (const auto operation : operations()) {
      if (!defines(operation, arithmetic)) continue;
      for (const std::uint32_t a : values) {
        for (const std::uint32_t b : values) {
          std::vector<std::uint32_t> operands = {a, b};
          operands.resize(static_cast<std::size_t>(operand_count(operation)));
          const rules r = gradual(rules_for("binary32", arithmetic));
          EXPECT_EQ(explain(operation, r, operands).result, golden(operation, r, operands));
        }
      }
    }
  }
}

}  // namespace
}  // namespace pamkit::reference
