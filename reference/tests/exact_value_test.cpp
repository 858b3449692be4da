#include "pamkit/reference/exact_value.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>

#include "rules_for_tests.hpp"

namespace pamkit::reference {
namespace {

constexpr auto kFlush = subnormal_policy::flush;
constexpr auto kGradual = subnormal_policy::gradual;
constexpr auto kInfinity = overflow_policy::infinity;
constexpr auto kSaturate = overflow_policy::saturate;

TEST(Decode, GivesTheValueOfANormalEncoding) {
  const auto f = format_named("binary32");
  EXPECT_EQ(decode(f, 0x3f800000, kFlush).value, 1);
  EXPECT_EQ(decode(f, 0xbfc00000, kFlush).value, rational::ratio(-3, 2));
  EXPECT_EQ(decode(f, 0x7f7fffff, kFlush).value,
            rational::power_of_two(128) - rational::power_of_two(104));
  EXPECT_EQ(decode(format_named("e4m3"), 0x7e, kFlush).value, 448);
  EXPECT_EQ(decode(format_named("e5m2"), 0x7b, kFlush).value, 57344);
}

TEST(Decode, ReadsASubnormalByThePolicy) {
  const auto f = format_named("binary16");
  EXPECT_EQ(decode(f, 0x8001, kGradual).value, -rational::power_of_two(-24));
  EXPECT_TRUE(decode(f, 0x8001, kFlush).is_zero());
  EXPECT_TRUE(decode(f, 0x8001, kFlush).negative);
}

TEST(Decode, KnowsTheSpecialEncodings) {
  EXPECT_TRUE(decode(format_named("binary32"), 0xff800000, kFlush).is_infinite());
  EXPECT_TRUE(decode(format_named("binary32"), 0xff800000, kFlush).negative);
  EXPECT_TRUE(decode(format_named("binary32"), 0xff800001, kFlush).is_nan());
  EXPECT_TRUE(decode(format_named("e4m3"), 0x7f, kFlush).is_nan());
  EXPECT_TRUE(decode(format_named("e4m3"), 0xff, kFlush).is_nan());
  EXPECT_TRUE(decode(format_named("e5m2"), 0x7c, kFlush).is_infinite());
}

TEST(Encode, ReturnsEveryFiniteEncodingOfASmallFormatToItself) {
  for (const char* name : {"e5m2", "e4m3", "binary16", "bfloat16"}) {
    const auto f = format_named(name);
    for (std::uint32_t bits = 0; bits <= (f.sign_mask | f.magnitude_mask); ++bits) {
      const exact_value value = decode(f, bits, kGradual);
      if (!value.is_finite()) continue;
      ASSERT_EQ(encode(abs(value.value), value.negative, f, kGradual, kInfinity), bits) << name;
      const std::uint32_t flushed = f.is_subnormal(bits) ? bits & f.sign_mask : bits;
      ASSERT_EQ(encode(abs(value.value), value.negative, f, kFlush, kInfinity), flushed) << name;
    }
  }
}

TEST(Encode, RoundsTiesToEven) {
  const auto f = format_named("e5m2");
  EXPECT_EQ(encode(rational::ratio(9, 8), f, kFlush, kInfinity), 0x3cU);   // 1
  EXPECT_EQ(encode(rational::ratio(11, 8), f, kFlush, kInfinity), 0x3eU);  // 1.5
  EXPECT_EQ(encode(rational::ratio(15, 8), f, kFlush, kInfinity), 0x40U);  // 2
  EXPECT_EQ(encode(rational::ratio(10, 8), f, kFlush, kInfinity), 0x3dU);
}

TEST(Encode, RoundsAboveAsIfTheExponentWereUnboundedUnderFlush) {
  // Just below the smallest normal 2^-14: 7.75 units of 2^-17 round to 8 units, the smallest
  // normal.
  const auto f = format_named("e5m2");
  const rational below = rational::ratio(31, 4).scaled(-17);
  EXPECT_EQ(encode(below, f, kFlush, kInfinity), 0x04U);
  // 7 units stay below and are flushed with their sign.
  EXPECT_EQ(encode(rational(-7).scaled(-17), f, kFlush, kInfinity), 0x80U);
  // Under gradual the unit is 2^-16: 3.5 units, a tie, become 4.
  EXPECT_EQ(encode(rational(7).scaled(-17), f, kGradual, kInfinity), 0x04U);
  EXPECT_EQ(encode(rational(5).scaled(-17), f, kGradual, kInfinity), 0x02U);
  EXPECT_EQ(encode(rational(1).scaled(-17), f, kGradual, kInfinity), 0x00U);
  EXPECT_EQ(encode(rational(-3).scaled(-18), f, kGradual, kInfinity), 0x81U);
}

TEST(Encode, FollowsTheOverflowPolicyPastTheLargestFinite) {
  const auto e5m2 = format_named("e5m2");
  EXPECT_EQ(encode(61440, e5m2, kFlush, kInfinity), 0x7cU);  // the tie past 57344 goes to 65536
  EXPECT_EQ(encode(61439, e5m2, kFlush, kInfinity), 0x7bU);
  EXPECT_EQ(encode(-65536, e5m2, kFlush, kSaturate), 0xfbU);
  const auto e4m3 = format_named("e4m3");
  EXPECT_EQ(encode(464, e4m3, kFlush, kInfinity),
            0x7eU);  // the tie between 448 and 480 goes to 448
  EXPECT_EQ(encode(465, e4m3, kFlush, kInfinity), 0x7fU);
  EXPECT_EQ(encode(-465, e4m3, kFlush, kInfinity), 0x7fU);
  EXPECT_EQ(encode(-465, e4m3, kFlush, kSaturate), 0xfeU);
  EXPECT_EQ(encode(rational::power_of_two(100000), e4m3, kFlush, kSaturate), 0x7eU);
}

TEST(Encode, CutsBinary32mToItsBits) {
  const auto f = format_named("binary32m7");
  EXPECT_EQ(encode(1 + rational::power_of_two(-8), f, kFlush, kInfinity), 0x3f800000U);
  EXPECT_EQ(encode(1 + rational::ratio(3, 1).scaled(-8), f, kFlush, kInfinity), 0x3f820000U);
  // The least subnormal is 2^(-126 - 7).
  EXPECT_EQ(encode(rational::power_of_two(-133), f, kGradual, kInfinity), 0x00010000U);
  EXPECT_EQ(encode(rational::power_of_two(-134), f, kGradual, kInfinity), 0x00000000U);
  EXPECT_EQ(encode(rational::power_of_two(128), f, kFlush, kSaturate), 0x7f7f0000U);
}

TEST(Encode, KeepsTheSignOfZeroAndRefusesANegativeMagnitude) {
  const auto f = format_named("binary32");
  EXPECT_EQ(encode(0, true, f, kFlush, kInfinity), 0x80000000U);
  EXPECT_EQ(encode(0, f, kFlush, kInfinity), 0U);
  EXPECT_THROW(encode(-1, false, f, kFlush, kInfinity), std::invalid_argument);
}

TEST(EncodeInfinity, IsNanOrTheLargestFiniteInE4m3Alone) {
  EXPECT_EQ(encode_infinity(true, format_named("binary16"), kSaturate), 0xfc00U);
  EXPECT_EQ(encode_infinity(true, format_named("e4m3"), kInfinity), 0x7fU);
  EXPECT_EQ(encode_infinity(true, format_named("e4m3"), kSaturate), 0xfeU);
}

TEST(Constants, AreRoundedOnceInEveryFormat) {
  EXPECT_EQ(log2e(format_named("binary32")), 0x3fb8aa3bU);
  EXPECT_EQ(ln2(format_named("binary32")), 0x3f317218U);
  EXPECT_EQ(log2e(format_named("bfloat16")), 0x3fb9U);
  EXPECT_EQ(log2e(format_named("binary16")), 0x3dc5U);
  EXPECT_EQ(log2e(format_named("e4m3")), 0x3cU);  // 1.5
  EXPECT_EQ(log2e(format_named("e5m2")), 0x3eU);  // 1.5
  EXPECT_EQ(ln2(format_named("e4m3")), 0x33U);    // 0.6875
  EXPECT_EQ(ln2(format_named("e5m2")), 0x3aU);    // 0.75
}

TEST(RealDefinitions, AreThoseOfThePaper) {
  const rational x = rational::ratio(3, 2);
  EXPECT_EQ(real_pam(x, x), 2);
  EXPECT_EQ(real_pam(x, rational::ratio(-5, 4)), rational::ratio(-7, 4));
  EXPECT_EQ(real_pad(1, x), rational::ratio(3, 4));
  EXPECT_EQ(real_pad(x, x), 1);
  EXPECT_EQ(real_pad(rational::ratio(7, 4), rational::ratio(-5, 4)), rational::ratio(-3, 2));
  EXPECT_EQ(real_paexp2(rational::ratio(5, 2)), 6);
  EXPECT_EQ(real_paexp2(rational::ratio(-1, 2)), rational::ratio(3, 4));
  EXPECT_EQ(real_palog2(6), rational::ratio(5, 2));
  EXPECT_EQ(real_palog2(rational::ratio(3, 4)), rational::ratio(-1, 2));
  EXPECT_THROW(real_palog2(0), std::domain_error);
}

TEST(RealDefinitions, CarryTheCompensationIntoTheExponent) {
  const rational f = rational::ratio(1, 16);
  EXPECT_EQ(real_pam(1, 1, f), rational::ratio(17, 16));
  // F = 31/32: F + f = 33/32 carries, 2 (1 + 1/32).
  EXPECT_EQ(real_pam(rational::ratio(63, 32), 1, f), rational::ratio(33, 16));
  // pad subtracts it: F = 0, frac(-1/16) = 15/16 one binade lower.
  EXPECT_EQ(real_pad(1, 1, f), rational::ratio(31, 32));
}

TEST(OrdinaryFunctions, KeepTheirAccuracyNearTheirZeros) {
  // log2(1 + u) = u (1 - u/2 + ...) / ln 2: with u = 2^-100 the leading term gives 28 digits.
  const rational u = rational::power_of_two(-100);
  const high_precision expected = u.to_high_precision() / log(high_precision(2));
  const high_precision error = ordinary_log2(1 + u) / expected - 1;
  EXPECT_LT(abs(error), high_precision(1e-28));
  EXPECT_EQ(ordinary_exp2(10), 1024);
  EXPECT_EQ(ordinary_sqrt(rational::ratio(9, 16)), 0.75);
  EXPECT_EQ(ordinary_quotient(1, 3), rational::ratio(1, 3));
}

}  // namespace
}  // namespace pamkit::reference
