#include "pamkit/reference/tensor.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

#include "rules_for_tests.hpp"

namespace pamkit::reference {
namespace {

constexpr std::uint32_t kOne = 0x3f800000;
constexpr std::uint32_t kTwo = 0x40000000;
constexpr std::uint32_t kThreeHalves = 0x3fc00000;
constexpr std::uint32_t kNan = 0x7fc00000;

std::uint32_t native_sum(std::uint32_t x, std::uint32_t y) {
  const float sum = std::bit_cast<float>(x) + std::bit_cast<float>(y);
  return std::isnan(sum) ? kNan : std::bit_cast<std::uint32_t>(sum);
}

TEST(AddBinary32, IsTheProcessorsAddition) {
  std::mt19937 random(1);
  const std::vector<std::uint32_t> special = {0,          0x80000000, 1,          0x80000001,
                                              0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff,
                                              0x7f800000, 0xff800000, 0x7f812345, kOne};
  for (const auto x : special) {
    for (const auto y : special) EXPECT_EQ(add_binary32(x, y), native_sum(x, y)) << x << " " << y;
  }
  for (int i = 0; i < 20000; ++i) {
    const auto x = static_cast<std::uint32_t>(random());
    // Near x in exponent, so that bits cancel and ties occur.
    const auto y = x ^ (static_cast<std::uint32_t>(random()) & 0x83ffffff);
    ASSERT_EQ(add_binary32(x, y), native_sum(x, y)) << x << " " << y;
  }
}

TEST(Widen, IsExact) {
  EXPECT_EQ(widen(format_named("bfloat16"), 0x8001), 0x80010000U);
  EXPECT_EQ(widen(format_named("binary16"), 0x0001), 0x33800000U);  // 2^-24, normal
  EXPECT_EQ(widen(format_named("e4m3"), 0xff), kNan);
  EXPECT_EQ(widen(format_named("e5m2"), 0xfc), 0xff800000U);
  EXPECT_EQ(widen(format_named("binary32"), 0x00000001), 0x00000001U);
}

TEST(Matmul, AddsProductsInAscendingOrder) {
  // (2^30 + 1) - 2^30 loses the 1, 2^30 - 2^30 + 1 keeps it.
  const dense ones{{3, 1}, {kOne, kOne, kOne}};
  const dense a{{2, 3}, {0x4e800000, kOne, 0xce800000, 0x4e800000, 0xce800000, kOne}};
  const dense c = matmul(rules_for("binary32"), a, ones);
  EXPECT_EQ(c.shape, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(c.encodings, (std::vector<std::uint32_t>{0, kOne}));
}

TEST(Matmul, StartsAtPlusZero) {
  const dense a{{1, 1}, {0x80000000}};
  EXPECT_EQ(matmul(rules_for("binary32"), a, {{1, 1}, {kOne}}).encodings[0], 0U);
  EXPECT_EQ(matmul(rules_for("binary32"), {{1, 0}, {}}, {{0, 1}, {}}).encodings[0], 0U);
}

TEST(Matmul, UsesTheProductOfTheArithmetic) {
  const dense a{{1, 1}, {kThreeHalves}};
  EXPECT_EQ(matmul(rules_for("binary32", "pam"), a, a).encodings[0], kTwo);
  EXPECT_EQ(matmul(rules_for("binary32", "exact"), a, a).encodings[0], 0x40100000U);
  EXPECT_EQ(matmul(rules_for("binary32", "power_of_two"), a, a).encodings[0], 0x40400000U);
  EXPECT_EQ(matmul(rules_for("binary32", "l_mul"), a, a).encodings[0], 0x40080000U);
  EXPECT_EQ(matmul(rules_for("binary32", "adder"), a, {{1, 1}, {kOne}}).encodings[0], 0xbf000000U);
}

TEST(Matmul, WidensNarrowOperandsAndEncodesOnce) {
  // bfloat16: 1.5 . 1.5 = 2 for each term; three of them and 2^-9 fit the accumulator, not the
  // output.
  const dense a{{1, 2}, {0x3fc0, 0x3f80}};
  const dense b{{2, 1}, {0x3fc0, 0x3b00}};  // 1.5 and 2^-9
  EXPECT_EQ(matmul(rules_for("bfloat16"), a, b).encodings[0], 0x4000U);
  // The product 2^-20 of two e4m3 numbers is a binary32 number; the output is flushed, or rounded
  // to zero.
  const dense tiny{{1, 1}, {0x08}};  // 2^-6
  EXPECT_EQ(matmul(rules_for("e4m3"), tiny, tiny).encodings[0], 0x00U);
  // Sixteen of them add up: 16 * 2^-12 = 2^-8 is subnormal in e4m3, kept by gradual alone:
  // the encoding of a sum is the operation's, so that it is flushed over `exact` too.
  const dense row{{1, 16}, std::vector<std::uint32_t>(16, 0x08)};
  const dense column{{16, 1}, row.encodings};
  EXPECT_EQ(matmul(rules_for("e4m3"), row, column).encodings[0], 0x00U);
  EXPECT_EQ(matmul(gradual(rules_for("e4m3")), row, column).encodings[0], 0x02U);
  EXPECT_EQ(matmul(rules_for("e4m3", "exact"), row, column).encodings[0], 0x00U);
  // A subnormal e4m3 operand is a normal binary32 number and is not flushed.
  const dense subnormal{{1, 1}, {0x01}};                                                  // 2^-9
  EXPECT_EQ(matmul(rules_for("e4m3"), subnormal, {{1, 1}, {0x58}}).encodings[0], 0x10U);  // . 2^4
  EXPECT_EQ(golden("mul", rules_for("e4m3"), {0x01, 0x58}), 0x00U);
  // A subnormal bfloat16 operand stays subnormal, and is.
  const dense small{{1, 1}, {0x0040}};
  EXPECT_EQ(matmul(rules_for("bfloat16"), small, {{1, 1}, {0x4000}}).encodings[0], 0x0000U);
  EXPECT_EQ(matmul(gradual(rules_for("bfloat16")), small, {{1, 1}, {0x4000}}).encodings[0],
            0x0080U);
}

TEST(Matmul, ScalesTheCompensationOfTheOperandFormat) {
  const dense one{{1, 1}, {0x38}};
  EXPECT_EQ(matmul(compensated_by(rules_for("e4m3"), 1), one, one).encodings[0], 0x39U);
  EXPECT_EQ(matmul(rules_for("e4m3", "l_mul"), one, one).encodings[0], 0x39U);  // l = 3, not 4
  const dense wide{{1, 1}, {kOne}};
  EXPECT_EQ(matmul(rules_for("binary32m2", "l_mul"), wide, wide).encodings[0], 0x3fa00000U);
  // Of binary32mN only the operands are cut.
  EXPECT_EQ(
      matmul(rules_for("binary32m1", "exact"), {{1, 1}, {kThreeHalves}}, {{1, 1}, {kThreeHalves}})
          .encodings[0],
      0x40100000U);
}

TEST(Matmul, EncodesOverflowByThePolicy) {
  const dense big{{1, 1}, {0x7e}};  // 448 . 448 is past e4m3
  EXPECT_EQ(matmul(rules_for("e4m3"), big, big).encodings[0], 0x7fU);
  EXPECT_EQ(matmul(saturating(rules_for("e4m3")), big, big).encodings[0], 0x7eU);
  EXPECT_EQ(matmul(saturating(rules_for("e4m3")), big, {{1, 1}, {0xfe}}).encodings[0], 0xfeU);
}

TEST(Bmm, IsAMatmulPerBatchElement) {
  const rules r = rules_for("binary32");
  const dense a{{2, 1, 2}, {kOne, kTwo, kThreeHalves, kThreeHalves}};
  const dense b{{2, 2, 1}, {kOne, kOne, kThreeHalves, kOne}};
  const dense c = bmm(r, a, b);
  EXPECT_EQ(c.shape, (std::vector<std::int64_t>{2, 1, 1}));
  EXPECT_EQ(c.encodings, (std::vector<std::uint32_t>{0x40400000, 0x40600000}));  // 3 and 3.5
}

TEST(Linear, AddsTheBiasLast) {
  const rules r = rules_for("binary32");
  const dense x{{1, 1, 2}, {0x4b800000, kOne}};  // 2^24 and 1
  const dense weight{{1, 2}, {kOne, kOne}};
  // 2^24 + 1 is a tie and stays 2^24; so does adding the bias 1 after it. Bias first would give
  // 2^24 + 2.
  EXPECT_EQ(linear(r, x, weight, dense{{1}, {kOne}}).encodings[0], 0x4b800000U);
  EXPECT_EQ(linear(r, x, weight, std::nullopt).shape, (std::vector<std::int64_t>{1, 1, 1}));
}

TEST(MatmulVjp, SumsOverTheOtherAxes) {
  const rules r = rules_for("binary32", "exact");
  const dense a{{2, 1}, {kOne, kTwo}};
  const dense b{{1, 2}, {kThreeHalves, kTwo}};
  const dense d{{2, 2}, {kOne, kTwo, 0, kOne}};
  const auto gradients = matmul_vjp(r, derivative::approx, d, a, b);
  EXPECT_EQ(gradients.a.shape, a.shape);
  EXPECT_EQ(gradients.b.shape, b.shape);
  EXPECT_EQ(gradients.a.encodings, (std::vector<std::uint32_t>{0x40b00000, kTwo}));  // 1.5 + 4, 2
  EXPECT_EQ(gradients.b.encodings, (std::vector<std::uint32_t>{kOne, 0x40800000}));  // 1, 2 + 2
}

TEST(LinearVjp, EqualsTheMatmulVjpOfTheTransposedWeight) {
  std::mt19937 random(2);
  const auto filled = [&](std::vector<std::int64_t> shape, std::int64_t count) {
    dense x{std::move(shape), {}};
    for (std::int64_t i = 0; i < count; ++i) {
      x.encodings.push_back(0x3f000000 + (static_cast<std::uint32_t>(random()) & 0x81ffffff));
    }
    return x;
  };
  const dense x = filled({3, 2, 4}, 24);
  const dense weight = filled({5, 4}, 20);
  const dense d = filled({3, 2, 5}, 30);
  dense transposed{{4, 5}, std::vector<std::uint32_t>(20)};
  for (std::size_t n = 0; n < 5; ++n) {
    for (std::size_t k = 0; k < 4; ++k) {
      transposed.encodings[k * 5 + n] = weight.encodings[n * 4 + k];
    }
  }
  for (const auto kind : {derivative::approx, derivative::exact}) {
    const rules r = compensated_by(rules_for("binary32"), 463051);
    const auto by_linear = linear_vjp(r, kind, d, x, weight);
    const auto by_matmul =
        matmul_vjp(r, kind, {{6, 5}, d.encodings}, {{6, 4}, x.encodings}, transposed);
    EXPECT_EQ(by_linear.x.shape, x.shape);
    EXPECT_EQ(by_linear.x.encodings, by_matmul.a.encodings);
    EXPECT_EQ(by_linear.weight.shape, weight.shape);
    for (std::size_t n = 0; n < 5; ++n) {
      for (std::size_t k = 0; k < 4; ++k) {
        EXPECT_EQ(by_linear.weight.encodings[n * 4 + k], by_matmul.b.encodings[k * 5 + n]);
      }
    }
  }
}

TEST(LinearVjp, SumsTheBiasGradientInBlocksOf128Rows) {
  // Rows 0..127 hold 2^24, then 127 zeros; the second block holds 1 and 1. In one run each 1 would
  // be lost.
  std::vector<std::uint32_t> d(130, 0);
  d[0] = 0x4b800000;
  d[128] = kOne;
  d[129] = kOne;
  const dense x{{130, 1}, std::vector<std::uint32_t>(130, kOne)};
  const auto gradients =
      linear_vjp(rules_for("binary32"), derivative::approx, {{130, 1}, d}, x, {{1, 1}, {kOne}});
  EXPECT_EQ(gradients.bias.encodings[0], 0x4b800001U);    // 2^24 + 2
  EXPECT_EQ(gradients.weight.encodings[0], 0x4b800000U);  // one ascending run
}

TEST(TensorOperations, RefuseWhatDoesNotFit) {
  const rules r = rules_for("binary32");
  const dense a{{1, 2}, {kOne, kOne}};
  EXPECT_THROW(matmul(r, a, a), std::invalid_argument);
  EXPECT_THROW(matmul(r, {{1, 3}, {kOne}}, {{3, 1}, {kOne, kOne, kOne}}), std::invalid_argument);
  EXPECT_THROW(linear(r, a, a, dense{{2}, {kOne, kOne}}), std::invalid_argument);
  const dense one{{1, 1}, {kOne}};
  EXPECT_THROW(matmul_vjp(rules_for("binary32", "adder"), derivative::exact, one, one, one),
               std::invalid_argument);
  EXPECT_THROW(matmul(rules_for("binary32", "none"), one, one), std::invalid_argument);
  EXPECT_THROW(matmul(rules_for("binary32m7"), {{1, 1}, {1}}, one), std::invalid_argument);
}

}  // namespace
}  // namespace pamkit::reference
