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

}  // namespace

rational::rational(std::int64_t value) : odd_(value) {
  if (value == 0) return;
  exponent_ = std::countr_zero(static_cast<std::uint64_t>(value));
  odd_ = value >> exponent_;
}

rational::rational(const integer& value) : rational(value, std::int64_t{0}) {}

rational::rational(integer odd, std::int64_t exponent) : odd_(std::move(odd)) {
  if (odd_.is_zero()) return;
  exponent_ = exponent + make_odd(odd_);
}

rational::rational(integer odd, integer divisor, std::int64_t exponent)
    : odd_(std::move(odd)), divisor_(std::move(divisor)) {
  if (odd_.is_zero()) {
    divisor_ = 1;
    return;
  }
  if (divisor_.sign() < 0) {
    divisor_ = -divisor_;
    odd_ = -odd_;
  }
  exponent_ = exponent + make_odd(odd_) - make_odd(divisor_);
  if (divisor_ == 1) return;
  const integer common = boost::multiprecision::gcd(magnitude(odd_), divisor_);
  if (common == 1) return;
  odd_ /= common;
  divisor_ /= common;
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
  return rational(integer(boost::multiprecision::ldexp(significand, kDigits)),
                  std::int64_t{exponent} - kDigits);
}

rational rational::ratio(const integer& p, const integer& q) {
  if (q.is_zero()) throw std::domain_error("rational: division by zero");
  return {p, q, 0};
}

rational rational::power_of_two(std::int64_t e) { return rational(1).scaled(e); }

std::int64_t rational::exponent() const {
  if (is_zero()) throw std::domain_error("rational: zero has no exponent");
  const std::int64_t top = leading_bit(odd_);
  if (is_dyadic()) return top + exponent_;
  const std::int64_t guess =
      top - leading_bit(divisor_);  // the quotient is in (2^(guess-1), 2^(guess+1))
  const integer p = magnitude(odd_);
  const bool below =
      guess >= 0 ? p < shifted_up(divisor_, guess) : shifted_up(p, -guess) < divisor_;
  return guess - (below ? 1 : 0) + exponent_;
}

rational rational::fraction() const { return abs(*this).scaled(-exponent()) - 1; }

integer rational::floor() const {
  if (is_integer()) return shifted_up(odd_, exponent_);
  integer p = odd_;
  integer q = divisor_;
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
  const integer p = magnitude(odd_);
  integer nearest;
  if (is_dyadic()) {
    if (shift >= 0) return shifted_up(odd_, shift);
    const auto down = static_cast<unsigned>(-shift);
    nearest = p >> down;
    // p is odd, so what is cut off is never zero, and is exactly a half only where one bit is cut
    // off.
    const bool at_least_half = boost::multiprecision::bit_test(p, down - 1);
    const bool exactly_half = down == 1;
    if (exactly_half ? boost::multiprecision::bit_test(nearest, 0) : at_least_half) ++nearest;
  } else {
    const integer dividend = shift >= 0 ? shifted_up(p, shift) : p;
    const integer unit = shift >= 0 ? divisor_ : shifted_up(divisor_, -shift);
    integer remainder;
    boost::multiprecision::divide_qr(dividend, unit, nearest, remainder);
    remainder <<= 1;
    const int against_half = remainder.compare(unit);
    if (against_half > 0 || (against_half == 0 && boost::multiprecision::bit_test(nearest, 0))) {
      ++nearest;
    }
  }
  return is_negative() ? integer(-nearest) : nearest;
}

integer rational::numerator() const { return exponent_ > 0 ? shifted_up(odd_, exponent_) : odd_; }

integer rational::denominator() const {
  return exponent_ < 0 ? shifted_up(divisor_, -exponent_) : divisor_;
}

boost::multiprecision::cpp_rational rational::to_cpp_rational() const {
  return {numerator(), denominator()};
}

high_precision rational::to_high_precision() const {
  const high_precision quotient = high_precision(odd_) / high_precision(divisor_);
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
  return x;
}

rational operator+(const rational& x, const rational& y) {
  if (x.is_zero()) return y;
  if (y.is_zero()) return x;
  const std::int64_t exponent = std::min(x.exponent_, y.exponent_);
  integer p = shifted_up(x.odd_, x.exponent_ - exponent);
  integer q = shifted_up(y.odd_, y.exponent_ - exponent);
  if (x.is_dyadic() && y.is_dyadic()) {
    p += q;
    return {std::move(p), exponent};
  }
  return {p * y.divisor_ + q * x.divisor_, x.divisor_ * y.divisor_, exponent};
}

rational operator-(const rational& x, const rational& y) { return x + -y; }

rational operator*(const rational& x, const rational& y) {
  if (x.is_zero() || y.is_zero()) return {};
  const std::int64_t exponent = x.exponent_ + y.exponent_;
  if (x.is_dyadic() && y.is_dyadic()) return {x.odd_ * y.odd_, exponent};
  return {x.odd_ * y.odd_, x.divisor_ * y.divisor_, exponent};
}

rational operator/(const rational& x, const rational& y) {
  if (y.is_zero()) throw std::domain_error("rational: division by zero");
  if (x.is_zero()) return {};
  return {x.odd_ * y.divisor_, x.divisor_ * y.odd_, x.exponent_ - y.exponent_};
}

std::strong_ordering operator<=>(const rational& x, const rational& y) {
  if (x.odd_.sign() != y.odd_.sign()) return x.odd_.sign() <=> y.odd_.sign();
  if (x.is_zero()) return std::strong_ordering::equal;
  const bool negative = x.is_negative();
  if (const auto order = x.exponent() <=> y.exponent(); order != 0) {
    return negative ? 0 <=> order : order;
  }
  return (x - y).odd_.sign() <=> 0;
}

rational abs(const rational& x) { return x.is_negative() ? -x : x; }

}  // namespace pamkit::reference
