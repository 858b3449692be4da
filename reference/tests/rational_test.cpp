#include "pamkit/reference/rational.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <stdexcept>

namespace pamkit::reference {
namespace {

rational fraction_of(std::int64_t p, std::int64_t q) { return rational::ratio(p, q); }

TEST(Rational, HasOneFormPerNumber) {
  EXPECT_EQ(fraction_of(6, 4), fraction_of(-3, -2));
  EXPECT_EQ(fraction_of(6, 3), rational(2));
  EXPECT_EQ(fraction_of(0, -7), rational());
  EXPECT_EQ(rational(1).scaled(-3), fraction_of(1, 8));
  EXPECT_EQ(rational(std::numeric_limits<std::int64_t>::min()), -rational::power_of_two(63));
  EXPECT_EQ(rational(fraction_of(22, 7).to_cpp_rational()), fraction_of(22, 7));
}

TEST(Rational, AddsSubtractsMultipliesAndDividesExactly) {
  EXPECT_EQ(fraction_of(1, 3) + fraction_of(1, 6), fraction_of(1, 2));
  EXPECT_EQ(fraction_of(1, 3) - fraction_of(1, 3), rational());
  EXPECT_EQ(fraction_of(2, 3) * fraction_of(9, 4), fraction_of(3, 2));
  EXPECT_EQ(fraction_of(2, 3) / fraction_of(-4, 9), fraction_of(-3, 2));
  EXPECT_EQ(rational(1) + rational::power_of_two(-200) - 1, rational::power_of_two(-200));
  EXPECT_THROW(rational(1) / rational(), std::domain_error);
}

TEST(Rational, OrdersByValue) {
  EXPECT_LT(fraction_of(1, 3), fraction_of(1, 2));
  EXPECT_LT(fraction_of(-1, 2), fraction_of(-1, 3));
  EXPECT_LT(rational(-1), rational());
  EXPECT_LT(rational(-5), rational(-2));
  EXPECT_GT(fraction_of(16, 9), fraction_of(7, 4));
  EXPECT_GE(rational(1), 1);
}

TEST(Rational, SplitsIntoExponentAndFraction) {
  EXPECT_EQ(rational(6).exponent(), 2);
  EXPECT_EQ(rational(-6).fraction(), fraction_of(1, 2));
  EXPECT_EQ(fraction_of(1, 3).exponent(), -2);
  EXPECT_EQ(fraction_of(1, 3).fraction(), fraction_of(1, 3));
  EXPECT_EQ(fraction_of(9, 7).exponent(), 0);
  EXPECT_EQ(fraction_of(7, 9).exponent(), -1);
  EXPECT_THROW(rational().exponent(), std::domain_error);
}

TEST(Rational, FloorsTowardMinusInfinity) {
  EXPECT_EQ(fraction_of(7, 2).floor(), 3);
  EXPECT_EQ(fraction_of(-7, 2).floor(), -4);
  EXPECT_EQ(fraction_of(-7, 3).floor(), -3);
  EXPECT_EQ(fraction_of(14, 3).floor(), 4);
  EXPECT_EQ(rational(-4).floor(), -4);
  EXPECT_EQ((-rational::power_of_two(-1000000)).floor(), -1);
  EXPECT_EQ(rational::power_of_two(-1000000).floor(), 0);
}

TEST(Rational, RoundsToTheNearestMultipleTiesToEven) {
  EXPECT_EQ(fraction_of(5, 2).nearest_multiple(0), 2);
  EXPECT_EQ(fraction_of(7, 2).nearest_multiple(0), 4);
  EXPECT_EQ(fraction_of(-5, 2).nearest_multiple(0), -2);
  EXPECT_EQ(fraction_of(1, 2).nearest_multiple(0), 0);
  EXPECT_EQ(fraction_of(3, 4).nearest_multiple(0), 1);
  EXPECT_EQ(fraction_of(11, 4).nearest_multiple(0), 3);
  EXPECT_EQ(fraction_of(9, 4).nearest_multiple(0), 2);
  EXPECT_EQ(fraction_of(1, 3).nearest_multiple(-2), 1);
  EXPECT_EQ(fraction_of(1, 3).nearest_multiple(5), 0);
  EXPECT_EQ(fraction_of(100, 3).nearest_multiple(3), 4);
  EXPECT_EQ(rational(12).nearest_multiple(3), 2);
  EXPECT_EQ(rational(20).nearest_multiple(3), 2);
  EXPECT_EQ(rational(7).nearest_multiple(-4), 112);
}

TEST(Rational, ConvertsToTextAndBack) {
  EXPECT_EQ(fraction_of(-3, 4).to_string(), "-3/4");
  EXPECT_EQ(rational(12).to_string(), "12");
  EXPECT_EQ(rational().to_string(), "0");
  EXPECT_EQ(fraction_of(-1, 9).to_decimal(5), "-0.11111");
  EXPECT_EQ(rational::from_double(0.1).to_double(), 0.1);
  EXPECT_EQ(rational::from_double(-0x1p-1074), -rational::power_of_two(-1074));
  EXPECT_EQ(rational::from_high_precision(high_precision(-0.375)), fraction_of(-3, 8));
  EXPECT_THROW(rational::from_double(std::numeric_limits<double>::infinity()),
               std::invalid_argument);
}

}  // namespace
}  // namespace pamkit::reference
