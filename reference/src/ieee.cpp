#include "ieee.hpp"

namespace pamkit::reference {
namespace {

std::uint32_t add(const codec& c, const exact_value& x, const exact_value& y) {
  if (x.is_nan() || y.is_nan()) return c.nan();
  if (x.is_infinite() || y.is_infinite()) {
    if (x.is_infinite() && y.is_infinite() && x.negative != y.negative) return c.nan();
    return c.infinity(x.is_infinite() ? x.negative : y.negative);
  }
  const rational sum = x.value + y.value;
  // A zero sum is +0 unless both operands are -0 (IEEE 754-2019, 6.3).
  if (sum.is_zero()) return c.zero(x.is_zero() && y.is_zero() && x.negative && y.negative);
  return c.encode(sum);
}

// sqrt(x) where x is a square, else floor(sqrt(x)) + 1/2: a number that lies on the same side of
// every integer as sqrt(x).
rational root_or_between(const integer& x) {
  integer remainder;
  const integer root = boost::multiprecision::sqrt(x, remainder);
  return rational(root) + (remainder.is_zero() ? rational() : rational::power_of_two(-1));
}

}  // namespace

std::uint32_t ieee_add(const codec& c, std::uint32_t x, std::uint32_t y) {
  return add(c, c.decode(x), c.decode(y));
}

std::uint32_t ieee_subtract(const codec& c, std::uint32_t x, std::uint32_t y) {
  exact_value negated = c.decode(y);
  negated.negative = !negated.negative;
  negated.value = -negated.value;
  return add(c, c.decode(x), negated);
}

std::uint32_t ieee_multiply(const codec& c, std::uint32_t x, std::uint32_t y) {
  const exact_value a = c.decode(x);
  const exact_value b = c.decode(y);
  if (a.is_nan() || b.is_nan()) return c.nan();
  const bool negative = a.negative != b.negative;
  if (a.is_infinite() || b.is_infinite()) {
    return a.is_zero() || b.is_zero() ? c.nan() : c.infinity(negative);
  }
  return c.encode(a.value * b.value, negative);
}

std::uint32_t ieee_divide(const codec& c, std::uint32_t x, std::uint32_t y) {
  const exact_value a = c.decode(x);
  const exact_value b = c.decode(y);
  if (a.is_nan() || b.is_nan()) return c.nan();
  const bool negative = a.negative != b.negative;
  if (a.is_infinite()) return b.is_infinite() ? c.nan() : c.infinity(negative);
  if (b.is_infinite()) return c.zero(negative);
  if (b.is_zero()) return a.is_zero() ? c.nan() : c.infinity(negative);
  return c.encode(a.value / b.value, negative);
}

std::uint32_t ieee_sqrt(const codec& c, std::uint32_t x) {
  const exact_value a = c.decode(x);
  if (a.is_nan()) return c.nan();
  if (a.is_zero()) return c.zero(a.negative);  // sqrt(-0) is -0
  if (a.negative) return c.nan();
  if (a.is_infinite()) return c.infinity(false);
  // sqrt(m 4^k) = sqrt(m) 2^k; m is taken above 2^64, so that its root has at least 33 bits, and
  // the rounding edges, which have at most 25, are integers.
  constexpr std::int64_t kRootBits = 32;
  const std::int64_t k = (a.value.exponent() >> 1) - kRootBits;
  const rational m = a.value.scaled(-2 * k);
  return c.encode(root_or_between(m.floor()).scaled(k));
}

}  // namespace pamkit::reference
