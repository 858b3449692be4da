#include "pamkit/reference/rational.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace pamkit::reference {
namespace {

// x * 2^k for k >= 0.
integer shifted_up(const integer& x, std::int64_t k) { return x << static_cast<unsigned>(k); }

integer magnitude(const integer& x) { return boost::multiprecision::abs(x); }

std::int64_t leading_bit(const integer& x) {
  return static_cast<std::int64_t>(boost::multiprecision::msb(magnitude(x)));
}

// Divides by the largest power of two that leaves an integer, and says which. x is not zero.
std::int64_t make_odd(integer& x) {
  const auto zeros = static_cast<std::int64_t>(boost::multiprecision::lsb(magnitude(x)));
  if (zeros > 0) x >>= static_cast<unsigned>(zeros);
  return zeros;
}

std::uint64_t magnitude(std::int64_t x) {
  return x < 0 ? -static_cast<std::uint64_t>(x) : static_cast<std::uint64_t>(x);
}

// Two narrow numbers whose exponents are no further apart than this are added as 128-bit integers:
// the one that is shifted up stays below 2^(63 + 62).
constexpr std::int64_t kGreatestShift = 62;

}  // namespace

rational::rational(std::int64_t value) {
  if (value == 0) return;
  exponent_ = std::countr_zero(static_cast<std::uint64_t>(value));
  odd_ = value >> exponent_;
}

rational::rational(const integer& value) : rational(value, 1, 0) {}

rational::rational(integer odd, integer divisor, std::int64_t exponent) {
  if (odd.is_zero()) return;
  if (divisor.sign() < 0) {
    divisor = -divisor;
    odd = -odd;
  }
  exponent_ = exponent + make_odd(odd) - make_odd(divisor);
  if (divisor != 1) {
    const integer common = boost::multiprecision::gcd(magnitude(odd), divisor);
    odd /= common;
    divisor /= common;
  }
  if (divisor == 1 && leading_bit(odd) < 63) {
    odd_ = odd.convert_to<std::int64_t>();
  } else {
    odd_ = odd.sign();
    wide_ = std::make_shared<const wide_parts>(wide_parts{std::move(odd), std::move(divisor)});
  }
}

// value * 2^exponent, abs(value) < 2^127
rational rational::from_int128(int128 value, std::int64_t exponent) {
  if (value == 0) return {};
  const auto low = static_cast<std::uint64_t>(value);
  const int zeros =
      low != 0 ? std::countr_zero(low)
               : 64 + std::countr_zero(static_cast<std::uint64_t>(value >> 64));
  value >>= zeros;
  rational x;
  x.odd_ = static_cast<std::int64_t>(value);  // odd, so not -2^63, if it fits
  x.exponent_ = exponent + zeros;
  if (x.odd_ == value) return x;
  const integer high = static_cast<std::int64_t>(value >> 64);
  return {(high << 64) + static_cast<std::uint64_t>(value), 1, x.exponent_};
}

rational::rational(const boost::multiprecision::cpp_rational& value)
    : rational(boost::multiprecision::numerator(value), boost::multiprecision::denominator(value),
               0) {}

rational rational::from_double(double value) {
  if (!std::isfinite(value)) throw std::invalid_argument("rational: not a finite number");
  int exponent = 0;
  const double significand = std::frexp(value, &exponent);
  constexpr int kDigits = std::numeric_limits<double>::digits;
  return rational(static_cast<std::int64_t>(std::ldexp(significand, kDigits)))
      .scaled(exponent - kDigits);
}

rational rational::from_high_precision(const high_precision& value) {
  if (!boost::multiprecision::isfinite(value)) {
    throw std::invalid_argument("rational: not a finite number");
  }
  if (value == 0) return {};
  int exponent = 0;
  const high_precision significand = boost::multiprecision::frexp(value, &exponent);
  constexpr int kDigits = std::numeric_limits<high_precision>::digits;
  return {integer(boost::multiprecision::ldexp(significand, kDigits)), 1,
          std::int64_t{exponent} - kDigits};
}

rational rational::ratio(const integer& p, const integer& q) {
  if (q.is_zero()) throw std::domain_error("rational: division by zero");
  return {p, q, 0};
}

rational rational::power_of_two(std::int64_t e) { return rational(1).scaled(e); }

std::int64_t rational::exponent() const {
  if (is_zero()) throw std::domain_error("rational: zero has no exponent");
  if (is_narrow()) return static_cast<std::int64_t>(std::bit_width(magnitude(odd_))) - 1 + exponent_;
  const integer p = magnitude(wide_->odd);
  const integer& q = wide_->divisor;
  const std::int64_t guess =
      leading_bit(p) - leading_bit(q);  // the quotient is in (2^(guess-1), 2^(guess+1))
  const bool below = guess >= 0 ? p < shifted_up(q, guess) : shifted_up(p, -guess) < q;
  return guess - (below ? 1 : 0) + exponent_;
}

rational rational::fraction() const { return abs(*this).scaled(-exponent()) - 1; }

integer rational::floor() const {
  if (is_integer()) return shifted_up(odd(), exponent_);
  integer p = odd();
  integer q = divisor();
  if (exponent_ >= 0) {
    p <<= static_cast<unsigned>(exponent_);
  } else {
    // abs(x) < 1 needs no digits of a far smaller number.
    if (is_dyadic() && exponent() < 0) return is_negative() ? -1 : 0;
    q <<= static_cast<unsigned>(-exponent_);
  }
  integer quotient;
  integer remainder;
  boost::multiprecision::divide_qr(p, q, quotient, remainder);  // toward zero
  if (remainder.sign() < 0) --quotient;
  return quotient;
}

rational rational::scaled(std::int64_t k) const {
  rational x = *this;
  if (!x.is_zero()) x.exponent_ += k;
  return x;
}

integer rational::nearest_multiple(std::int64_t q) const {
  if (is_zero()) return 0;
  const std::int64_t shift = exponent_ - q;
  if (exponent() < q - 1) return 0;  // below half a unit
  if (is_dyadic() && shift >= 0) return shifted_up(odd(), shift);
  if (is_narrow()) {
    // At least half a unit: p has at least -shift bits, so that -shift is at most 63. p is odd, so
    // what is cut off is never zero, and is exactly a half only where one bit is cut off.
    const std::uint64_t p = magnitude(odd_);
    const auto down = static_cast<int>(-shift);
    std::uint64_t nearest = p >> down;
    nearest += down == 1 ? nearest & 1 : (p >> (down - 1)) & 1;
    return is_negative() ? integer(-integer(nearest)) : integer(nearest);
  }
  const integer p = magnitude(wide_->odd);
  const integer dividend = shift >= 0 ? shifted_up(p, shift) : p;
  const integer unit = shift >= 0 ? wide_->divisor : shifted_up(wide_->divisor, -shift);
  integer nearest;
  integer remainder;
  boost::multiprecision::divide_qr(dividend, unit, nearest, remainder);
  remainder <<= 1;
  const int against_half = remainder.compare(unit);
  if (against_half > 0 || (against_half == 0 && boost::multiprecision::bit_test(nearest, 0))) {
    ++nearest;
  }
  return is_negative() ? integer(-nearest) : nearest;
}

integer rational::numerator() const { return exponent_ > 0 ? shifted_up(odd(), exponent_) : odd(); }

integer rational::denominator() const {
  return exponent_ < 0 ? shifted_up(divisor(), -exponent_) : divisor();
}

boost::multiprecision::cpp_rational rational::to_cpp_rational() const {
  return {numerator(), denominator()};
}

high_precision rational::to_high_precision() const {
  const high_precision quotient = high_precision(odd()) / high_precision(divisor());
  return boost::multiprecision::ldexp(quotient, static_cast<int>(exponent_));
}

double rational::to_double() const { return static_cast<double>(to_high_precision()); }

std::string rational::to_string() const {
  const std::string p = numerator().str();
  return is_integer() ? p : p + "/" + denominator().str();
}

std::string rational::to_decimal(int digits) const { return to_high_precision().str(digits); }

rational rational::operator-() const {
  rational x = *this;
  x.odd_ = -x.odd_;
  if (!is_narrow()) {
    x.wide_ = std::make_shared<const wide_parts>(wide_parts{-wide_->odd, wide_->divisor});
  }
  return x;
}

rational operator+(const rational& x, const rational& y) {
  if (x.is_zero()) return y;
  if (y.is_zero()) return x;
  const std::int64_t exponent = std::min(x.exponent_, y.exponent_);
  const std::int64_t x_up = x.exponent_ - exponent;
  const std::int64_t y_up = y.exponent_ - exponent;
  if (x.is_narrow() && y.is_narrow() && std::max(x_up, y_up) <= kGreatestShift) {
    return rational::from_int128(
        (rational::int128{x.odd_} << x_up) + (rational::int128{y.odd_} << y_up), exponent);
  }
  integer p = shifted_up(x.odd(), x_up);
  integer q = shifted_up(y.odd(), y_up);
  if (x.is_dyadic() && y.is_dyadic()) return {p + q, 1, exponent};
  return {p * y.divisor() + q * x.divisor(), x.divisor() * y.divisor(), exponent};
}

rational operator-(const rational& x, const rational& y) { return x + -y; }

rational operator*(const rational& x, const rational& y) {
  if (x.is_zero() || y.is_zero()) return {};
  const std::int64_t exponent = x.exponent_ + y.exponent_;
  if (x.is_narrow() && y.is_narrow()) {
    return rational::from_int128(rational::int128{x.odd_} * y.odd_, exponent);
  }
  return {x.odd() * y.odd(), x.divisor() * y.divisor(), exponent};
}

rational operator/(const rational& x, const rational& y) {
  if (y.is_zero()) throw std::domain_error("rational: division by zero");
  if (x.is_zero()) return {};
  return {x.odd() * y.divisor(), x.divisor() * y.odd(), x.exponent_ - y.exponent_};
}

bool operator==(const rational& x, const rational& y) {
  if (x.odd_ != y.odd_ || x.exponent_ != y.exponent_) return false;
  return x.is_narrow() || y.is_narrow() ? x.is_narrow() == y.is_narrow() : *x.wide_ == *y.wide_;
}

std::strong_ordering operator<=>(const rational& x, const rational& y) {
  if (x.is_negative() != y.is_negative() || x.is_zero() || y.is_zero()) {
    const auto sign = [](const rational& z) { return z.is_negative() ? -1 : z.is_zero() ? 0 : 1; };
    return sign(x) <=> sign(y);
  }
  if (const auto order = x.exponent() <=> y.exponent(); order != 0) {
    return x.is_negative() ? 0 <=> order : order;
  }
  return (x - y).odd_ <=> 0;
}

rational abs(const rational& x) { return x.is_negative() ? -x : x; }

}  // namespace pamkit::reference
