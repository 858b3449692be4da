#pragma once

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>

namespace pamkit::reference {

/// Integers of any size.
using integer = boost::multiprecision::cpp_int;

/// Real numbers to 50 decimal digits (168 bits), for values that are not rational.
using high_precision = boost::multiprecision::cpp_bin_float_50;

/// An exact rational number p / q * 2^e with p and q odd (or p = 0, q = 1, e = 0), q > 0 and gcd(p,
/// q) = 1. The power of two is kept apart because nearly all numbers here are dyadic: then q stays
/// 1 and no gcd is ever taken. The form is unique, so equality is part by part.
///
/// Nearly all of them also have a p of few bits. Those are narrow: p is an int64 and arithmetic on
/// two of them is that of integers. Every other number is wide: p and q are integers of any size.
///
/// Exponents must stay within +-2^40; nothing in the formats comes near.
class rational {
 public:
  rational() = default;
  rational(
      std::int64_t value);  // NOLINT(google-explicit-constructor): 1 + x should read as in the text
  explicit rational(const integer& value);
  explicit rational(const boost::multiprecision::cpp_rational& value);
  /// The exact value of a finite binary64 number; throws std::invalid_argument otherwise.
  static rational from_double(double value);
  /// The exact value of a high_precision number.
  static rational from_high_precision(const high_precision& value);
  /// p / q; throws std::domain_error if q is zero.
  static rational ratio(const integer& p, const integer& q);
  /// 2^e
  static rational power_of_two(std::int64_t e);

  bool is_zero() const { return odd_ == 0; }
  bool is_negative() const { return odd_ < 0; }
  /// Whether the number is p * 2^e: a sum of finitely many powers of two.
  bool is_dyadic() const { return is_narrow() || wide_->divisor == 1; }
  bool is_integer() const { return is_dyadic() && exponent_ >= 0; }

  /// E of x = +-2^E (1 + F), 0 <= F < 1. Throws std::domain_error for zero.
  std::int64_t exponent() const;
  /// F of x = +-2^E (1 + F), 0 <= F < 1. Throws std::domain_error for zero.
  rational fraction() const;
  /// The largest integer that is not greater. Meant for moderate numbers: it has abs(log2 x)
  /// digits.
  integer floor() const;
  /// x * 2^k
  rational scaled(std::int64_t k) const;
  /// The multiple of 2^q nearest to x, divided by 2^q; ties to the even integer.
  integer nearest_multiple(std::int64_t q) const;

  /// Numerator and denominator in lowest terms, denominator positive.
  integer numerator() const;
  integer denominator() const;
  boost::multiprecision::cpp_rational to_cpp_rational() const;
  high_precision to_high_precision() const;
  /// Rounded to nearest binary64 (from 168 bits).
  double to_double() const;
  /// "p/q" in lowest terms, or "p" for an integer.
  std::string to_string() const;
  /// Scientific or plain decimal with `digits` significant digits, rounded.
  std::string to_decimal(int digits = 17) const;

  rational operator-() const;
  friend rational operator+(const rational& x, const rational& y);
  friend rational operator-(const rational& x, const rational& y);
  friend rational operator*(const rational& x, const rational& y);
  /// Throws std::domain_error if y is zero.
  friend rational operator/(const rational& x, const rational& y);
  friend bool operator==(const rational& x, const rational& y);
  friend std::strong_ordering operator<=>(const rational& x, const rational& y);

 private:
  struct wide_parts {
    integer odd;
    integer divisor;
    bool operator==(const wide_parts&) const = default;
  };
  __extension__ using int128 = __int128;

  rational(integer odd, integer divisor, std::int64_t exponent);  // makes the form unique
  static rational from_int128(int128 value, std::int64_t exponent);

  bool is_narrow() const { return wide_ == nullptr; }
  integer odd() const { return is_narrow() ? integer(odd_) : wide_->odd; }
  integer divisor() const { return is_narrow() ? integer(1) : wide_->divisor; }

  std::int64_t odd_ = 0;  // p, abs(p) < 2^63, of a narrow number; of a wide one its sign, +-1
  std::int64_t exponent_ = 0;
  std::shared_ptr<const wide_parts> wide_;  // null: narrow, q = 1
};

rational abs(const rational& x);

}  // namespace pamkit::reference
