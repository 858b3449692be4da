// The elementary functions of `exact` in binary32: the quick evaluation against 50 digits, the C
// library within its bracket, and the results that are exact.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "rules_for_tests.hpp"

namespace pamkit::reference {
namespace {

const rules kExact = rules_for("binary32", "exact");

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

double library(const std::string& operation, double x, double y) {
  if (operation == "exp2") return std::exp2(x);
  if (operation == "exp") return std::exp(x);
  if (operation == "log2") return std::log2(x);
  if (operation == "log") return std::log(x);
  return std::pow(x, y);
}

high_precision truth(const std::string& operation, const rational& x, const rational& y) {
  if (operation == "exp2") return ordinary_exp2(x);
  if (operation == "exp") return ordinary_exp(x);
  if (operation == "log2") return ordinary_log2(x);
  if (operation == "log") return ordinary_log(x);
  return ordinary_pow(x, y);
}

TEST(ElementaryFunctions, AreCorrectlyRoundedAndAdmitTheCLibrary) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> exponent(-140.0F, 127.9F);
  for (const std::string operation : {"exp2", "exp", "log2", "log", "pow"}) {
    for (int i = 0; i < 1000; ++i) {
      const bool exponential = operation == "exp2" || operation == "exp";
      const float x = exponential ? exponent(random) * (operation == "exp" ? 0.69F : 1.0F)
                                  : std::exp2(exponent(random) / (i % 2 == 0 ? 1.0F : 1e4F));
      const float p =
          operation == "pow" && x != 1.0F ? exponent(random) / std::log2(x) : exponent(random);
      std::vector<std::uint32_t> operands = {bits_of(x)};
      if (operation == "pow") operands.push_back(bits_of(p));

      const high_precision y = truth(operation, rational::from_double(x), rational::from_double(p));
      const std::uint32_t expected = encode(rational::from_high_precision(y), kExact.format,
                                            subnormal_policy::gradual, overflow_policy::infinity);
      EXPECT_EQ(golden(operation, kExact, operands), expected) << operation << " " << x << " " << p;
      const auto from_library = static_cast<float>(library(operation, x, p));
      EXPECT_TRUE(admissible_results(operation, kExact, operands).contains(bits_of(from_library)))
          << operation << " " << x << " " << p;
    }
  }
}

TEST(ElementaryFunctions, AreExactWhereTheyAreRational) {
  EXPECT_EQ(golden("exp2", kExact, {bits_of(-149.0F)}), 0x00000001U);
  EXPECT_EQ(golden("exp2", kExact, {bits_of(-150.0F)}), 0x00000000U);  // a tie, to even
  EXPECT_EQ(golden("exp2", kExact, {bits_of(128.0F)}), 0x7f800000U);
  EXPECT_EQ(golden("exp", kExact, {0x80000000}), bits_of(1.0F));
  EXPECT_EQ(golden("log", kExact, {bits_of(1.0F)}), 0U);
  EXPECT_EQ(golden("log2", kExact, {0x00000001}), bits_of(-149.0F));
  EXPECT_EQ(golden("pow", kExact, {bits_of(4.0F), bits_of(1.5F)}), bits_of(8.0F));
  EXPECT_EQ(golden("pow", kExact, {bits_of(-3.0F), bits_of(3.0F)}), bits_of(-27.0F));
  // 4097^2 = 2^24 + 2^13 + 1 is a tie, between 2^24 + 2^13 and 2^24 + 2^13 + 2.
  EXPECT_EQ(golden("pow", kExact, {bits_of(4097.0F), bits_of(2.0F)}), bits_of(16785408.0F));
  const std::vector<std::uint32_t> tie = {bits_of(4097.0F), bits_of(2.0F)};
  const admissible results = admissible_results("pow", kExact, tie);
  EXPECT_EQ(results.highest - results.lowest, 1U);
  EXPECT_EQ(golden("pow", kExact, {bits_of(0x1p20F), bits_of(1e30F)}), 0x7f800000U);
  EXPECT_EQ(golden("pow", kExact, {bits_of(0.5F), bits_of(1e30F)}), 0U);
}

TEST(ElementaryFunctions, FollowCButForNan) {
  const std::uint32_t inf = 0x7f800000;
  const std::uint32_t nan = 0x7fc00000;
  EXPECT_EQ(golden("pow", kExact, {0, 0}), bits_of(1.0F));
  EXPECT_EQ(golden("pow", kExact, {nan, 0}), nan);
  EXPECT_EQ(golden("pow", kExact, {bits_of(1.0F), nan}), nan);
  EXPECT_EQ(golden("pow", kExact, {bits_of(-1.0F), inf}), bits_of(1.0F));
  EXPECT_EQ(golden("pow", kExact, {0x80000000, bits_of(-3.0F)}), 0xff800000U);
  EXPECT_EQ(golden("pow", kExact, {0x80000000, bits_of(-2.0F)}), inf);
  EXPECT_EQ(golden("pow", kExact, {0xff800000, bits_of(-3.0F)}), 0x80000000U);
  EXPECT_EQ(golden("pow", kExact, {bits_of(-2.0F), bits_of(0.5F)}), nan);
  EXPECT_EQ(golden("log2", kExact, {0x80000000}), 0xff800000U);
  EXPECT_EQ(golden("log", kExact, {0xff800000}), nan);
}

TEST(ElementaryFunctions, HaveOneAdmissibleResultElsewhere) {
  const std::vector<std::uint32_t> operands = {bits_of(1.5F), bits_of(1.5F)};
  const admissible product = admissible_results("mul", rules_for("binary32"), operands);
  EXPECT_EQ(product.lowest, product.highest);
  EXPECT_EQ(find_admissible("exp2", "pam"), nullptr);
  EXPECT_NE(find_admissible("exp2", "exact"), nullptr);
  EXPECT_EQ(find_admissible("sqrt", "exact"), nullptr);
}

}  // namespace
}  // namespace pamkit::reference
