#include "pamkit/reference/rational.hpp"

#include <gtest/gtest.h>

#include <compare>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <vector>

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

// Numbers on both sides of what fits into 64 bits, and exponents on both sides of what fits into
// 128.
std::vector<boost::multiprecision::cpp_rational> narrow_and_wide() {
  std::vector<boost::multiprecision::cpp_rational> found = {0};
  for (const unsigned bits : {0U, 1U, 23U, 61U, 62U, 63U, 64U, 127U}) {
    const integer power = integer(1) << bits;
    for (const int exponent : {-150, -63, -1, 0, 62, 63, 64}) {
      const integer unit = integer(1) << static_cast<unsigned>(std::abs(exponent));
      for (const int step : {-1, 1}) {
        for (const int divisor : {1, 3}) {
          boost::multiprecision::cpp_rational p(power + step);
          p /= divisor;
          found.push_back(p);
          if (exponent < 0) found.back() /= unit;
          if (exponent > 0) found.back() *= unit;
          found.emplace_back(-found.back());
        }
      }
    }
  }
  return found;
}

TEST(Rational, IsTheSameNumberNarrowOrWide) {
  const auto numbers = narrow_and_wide();
  for (const auto& p : numbers) {
    const rational x(p);
    ASSERT_EQ(x.to_cpp_rational(), p);
    ASSERT_EQ((-x).to_cpp_rational(), -p);
    ASSERT_EQ(x.is_negative(), p < 0);
    for (const auto& q : numbers) {
      const rational y(q);
      ASSERT_EQ(x + y, rational(boost::multiprecision::cpp_rational(p + q))) << p << " + " << q;
      ASSERT_EQ(x - y, rational(boost::multiprecision::cpp_rational(p - q))) << p << " - " << q;
      ASSERT_EQ(x * y, rational(boost::multiprecision::cpp_rational(p * q))) << p << " * " << q;
      ASSERT_EQ(x <=> y, p.compare(q) <=> 0) << p << " <=> " << q;
      ASSERT_EQ(x == y, p == q) << p << " == " << q;
    }
  }
}

// By definition: n is x / 2^q to nearest if abs(x / 2^q - n) < 1/2, or if that is 1/2 and n even.
TEST(Rational, RoundsNarrowAndWideNumbersToTheNearest) {
  for (const auto& p : narrow_and_wide()) {
    const rational x(p);
    if (x.is_zero()) continue;
    const rational scale = rational::power_of_two(x.exponent());
    ASSERT_LE(scale, abs(x));
    ASSERT_LT(abs(x), scale.scaled(1));
    for (const int below : {-3, -2, -1, 0, 1, 23, 61, 62, 63, 64, 65, 130}) {
      const std::int64_t q = x.exponent() - below;
      const integer n = x.nearest_multiple(q);
      const rational distance = abs(x.scaled(-q) - rational(n));
      const rational half = rational::power_of_two(-1);
      ASSERT_TRUE(distance < half || (distance == half && n % 2 == 0)) << p << " to 2^" << q;
    }
    if (x.exponent() < 300) {
      const rational floor(x.floor());
      ASSERT_TRUE(floor <= x && x < floor + 1) << p;
    }
  }
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
