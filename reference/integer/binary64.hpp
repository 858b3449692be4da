#pragma once

#include "number.hpp"

/// The operations of `exact` and `adder` (10.1, 10.4) on one case, in binary64. Nothing is flushed.
///
/// Why the binary64 result, rounded once more, is the right one. Let p <= 24 be the significant
/// bits of the format and t be an edge between two roundings, a number of at most p + 1 significant
/// bits (fewer where the result is subnormal).
///  - A product has at most 2 p <= 48 bits: it is exact.
///  - A quotient a / b that is not t differs from t b by a whole unit of the last place of a or of
///    t b, which has at most 2 p + 1 bits: by at least 2^-(2 p + 1) >= 2^-49 of itself. One
///    binary64 rounding moves it by at most 2^-53 of itself: not across t. Where it is t, it is
///    exact.
///  - A root that is not t: x differs from t t, of at most 2 p + 2 bits, by at least 2^-(2 p + 2) of
///    itself, and the root from t by at least 2^-(2 p + 4) >= 2^-52: not across t.
///  - A sum: the larger operand has p bits. If the sum has at most 53 bits it is exact. Else the
///    smaller one is below 2^-(53 - p) <= 2^-29 of the larger one, and the sum differs from the
///    larger by less than 2^-28 of it, but not by nothing. Edges nearest to a number of p bits are
///    at least 2^-(p + 2) >= 2^-26 of it away: the sum is on the larger's side of them, before and
///    after the binary64 rounding. A subnormal sum is a multiple of the least subnormal: exact.
/// The range of binary64 holds every product, quotient and sum of two numbers of these formats as
/// normal numbers.
namespace pamkit::reference {
namespace {

template <class Integer>
struct binary64_operations {
  explicit binary64_operations(const rules& r) : f(r), scale_(power(1 - f.bias - f.N)), unscale_(power(f.N + f.bias - 1)) {}

  PAMKIT_LANE static double power(std::int64_t e) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(1023 + e) << 52);
  }

  /// The magnitude as a number; nothing useful for infinities and NaNs.
  PAMKIT_LANE double value(Integer m) const {
    const double subnormal = static_cast<double>(static_cast<std::int32_t>(m)) * scale_;
    const std::uint64_t bits = (static_cast<std::uint64_t>(m) << (52 - f.N)) +
                               (static_cast<std::uint64_t>(1023 - f.bias) << 52);
    return m >= f.min ? std::bit_cast<double>(bits) : subnormal;
  }

  /// y >= 0 encoded with gradual underflow, of that sign.
  PAMKIT_LANE Integer encode(double y, Integer sign_bit) const {
    const auto bits = std::bit_cast<std::uint64_t>(y);
    const int places = 52 - f.N;
    const std::uint64_t half = std::uint64_t{1} << (places - 1);
    const std::uint64_t rounded = (bits + half - 1 + ((bits >> places) & 1)) >> places;
    const auto least = static_cast<std::uint64_t>(1023 - f.bias) << f.N;
    const auto largest = least + static_cast<std::uint64_t>(f.max);
    const bool over = rounded > largest;
    const Integer normal = static_cast<Integer>(over ? 0 : rounded - least);
    // Below MIN in units of the least subnormal; adding 2^52 rounds to a whole number of them.
    constexpr double kWhole = 4503599627370496.0;
    const bool is_normal = y >= unit_normal();
    const double below = is_normal ? 0.0 : y * unscale_;
    const auto subnormal = static_cast<Integer>(
        std::bit_cast<std::uint64_t>(below + kWhole) & 0xffffffff);
    const Integer m = is_normal ? normal : subnormal;
    return over ? f.past_max | (sign_bit & f.past_max_sign) : m | sign_bit;
  }

  PAMKIT_LANE Integer mul(Integer a, Integer b) const {
    const Integer x = a & f.magnitude;
    const Integer y = b & f.magnitude;
    const Integer sign = (a ^ b) & f.sign;
    Integer r = encode(value(x) * value(y), sign);
    const bool infinite = (x == f.infinity) | (y == f.infinity);
    r = infinite ? f.asked_infinity(sign) : r;
    const bool none = infinite & ((x == 0) | (y == 0));
    return none | (x > f.last_number) | (y > f.last_number) ? f.nan : r;
  }

  PAMKIT_LANE Integer div(Integer a, Integer b) const {
    const Integer x = a & f.magnitude;
    const Integer y = b & f.magnitude;
    const Integer sign = (a ^ b) & f.sign;
    Integer r = encode(value(x) / value(y == 0 ? f.one : y), sign);
    r = y == f.infinity ? sign : r;
    r = (x == f.infinity) | (y == 0) ? f.asked_infinity(sign) : r;
    r = (x == 0) & (y != 0) ? sign : r;
    const bool none = ((x == 0) & (y == 0)) | ((x == f.infinity) & (y == f.infinity));
    return none | (x > f.last_number) | (y > f.last_number) ? f.nan : r;
  }

  PAMKIT_LANE Integer sqrt(Integer a) const {
    const Integer x = a & f.magnitude;
    Integer r = encode(__builtin_sqrt(value(x)), 0);
    r = x == f.infinity ? f.asked_infinity(0) : r;
    r = (a & f.sign) != 0 ? f.nan : r;
    r = x == 0 ? a : r;
    return x > f.last_number ? f.nan : r;
  }

  /// -abs(RN(a - b)); of infinities too.
  PAMKIT_LANE Integer minus_distance(Integer a, Integer b) const {
    const Integer x = a & f.magnitude;
    const Integer y = b & f.magnitude;
    const double u = value(x);
    const double v = value(y);
    const bool opposite = ((a ^ b) & f.sign) != 0;
    const double distance = opposite ? u + v : __builtin_fabs(u - v);
    Integer r = encode(distance, f.sign);
    const bool infinite = (x == f.infinity) | (y == f.infinity);
    r = infinite ? f.asked_infinity(f.sign) : r;
    const bool none = (x == f.infinity) & (y == f.infinity) & !opposite;
    return none | (x > f.last_number) | (y > f.last_number) ? f.nan : r;
  }

  number_format<Integer, false> f;

 private:
  PAMKIT_LANE double unit_normal() const { return scale_ * static_cast<double>(std::int64_t{1} << f.N); }

  double scale_;    // the least subnormal
  double unscale_;  // its inverse
};

}  // namespace
}  // namespace pamkit::reference
