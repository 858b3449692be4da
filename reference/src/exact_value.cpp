#include "pamkit/reference/exact_value.hpp"

#include <boost/math/constants/constants.hpp>
#include <stdexcept>

namespace pamkit::reference {
namespace {

std::uint32_t with_sign(bool negative, std::uint32_t magnitude, const format_description& format) {
  return magnitude | (negative ? format.sign_mask : 0U);
}

// A result past the largest finite value, of finite operands.
std::uint32_t overflowed(bool negative, const format_description& format,
                         overflow_policy overflow) {
  if (overflow == overflow_policy::saturate) return with_sign(negative, format.max_finite, format);
  return format.has_infinity ? with_sign(negative, format.infinity, format) : format.nan;
}

// 2^(E + floor(F + f)) (1 + frac(F + f)) for the number 2^E (1 + F).
rational compensated(std::int64_t exponent, const rational& fraction, const rational& f) {
  if (f.is_zero()) return (1 + fraction).scaled(exponent);
  const rational sum = fraction + f;
  const integer carry = sum.floor();
  return (1 + sum - rational(carry)).scaled(exponent + carry.convert_to<std::int64_t>());
}

rational with_xor_sign(const rational& x, const rational& y, const rational& magnitude) {
  return x.is_negative() != y.is_negative() ? -magnitude : magnitude;
}

void require_positive(const rational& x, const char* function) {
  if (x.is_zero() || x.is_negative()) {
    throw std::domain_error(std::string(function) + ": the argument must be positive");
  }
}

void require_below(const rational& x, std::int64_t limit_exponent, const char* function) {
  if (!x.is_zero() && x.exponent() >= limit_exponent) {
    throw std::domain_error(std::string(function) + ": the argument must be below 2^" +
                            std::to_string(limit_exponent) + " in magnitude");
  }
}

// Twice the promised digits inside, so that neither a large argument nor a result near zero eats
// them.
using working_precision = boost::multiprecision::cpp_bin_float_100;

working_precision working(const rational& x) {
  return working_precision(x.numerator()) / working_precision(x.denominator());
}

}  // namespace

rational exact_value::fraction() const {
  return kind == value_kind::finite ? value.fraction() : rational();
}

exact_value decode(const format_description& format, std::uint32_t bits,
                   subnormal_policy subnormals) {
  if (format.is_nan(bits)) return {value_kind::nan, false, {}};
  const bool negative = format.sign(bits);
  if (format.is_infinite(bits)) return {value_kind::infinite, negative, {}};
  const bool flushed = format.is_subnormal(bits) && subnormals == subnormal_policy::flush;
  if (format.is_zero(bits) || flushed) return {value_kind::zero, negative, {}};

  const std::uint32_t magnitude = bits & format.magnitude_mask;
  const std::uint32_t hidden = std::uint32_t{1} << format.fraction_bits;
  const std::uint32_t field = magnitude >> format.fraction_bits;
  std::int64_t significand = magnitude & (hidden - 1);
  if (field != 0) significand += hidden;
  const int biased = field == 0 ? 1 : static_cast<int>(field);
  return {value_kind::finite, negative,
          rational(negative ? -significand : significand)
              .scaled(biased - format.bias - format.fraction_bits)};
}

std::uint32_t encode(const rational& magnitude, bool negative, const format_description& format,
                     subnormal_policy subnormals, overflow_policy overflow) {
  if (magnitude.is_negative()) throw std::invalid_argument("encode: the magnitude is negative");
  if (magnitude.is_zero()) return with_sign(negative, 0, format);

  const int kept = format.kept_bits;
  const std::int64_t smallest_exponent = 1 - format.bias;
  std::int64_t unit = magnitude.exponent() - kept;
  if (subnormals == subnormal_policy::gradual) unit = std::max(unit, smallest_exponent - kept);

  // The rounded result is `significand` units of 2^unit.
  auto significand = magnitude.nearest_multiple(unit).convert_to<std::uint64_t>();
  const std::uint64_t hidden = std::uint64_t{1} << kept;
  if (significand == 2 * hidden) {
    significand = hidden;
    ++unit;
  }
  if (significand < hidden) {  // gradual only: a subnormal or zero
    return with_sign(negative, static_cast<std::uint32_t>(significand) << format.dropped_bits,
                     format);
  }
  const std::int64_t exponent = unit + kept;
  if (exponent < smallest_exponent) return with_sign(negative, 0, format);  // flush only
  const std::int64_t field = exponent + format.bias;
  if (field >= std::int64_t{1} << format.exponent_bits)
    return overflowed(negative, format, overflow);
  const auto bits = (static_cast<std::uint32_t>(field) << format.fraction_bits) |
                    (static_cast<std::uint32_t>(significand - hidden) << format.dropped_bits);
  if (bits > format.max_finite) return overflowed(negative, format, overflow);
  return with_sign(negative, bits, format);
}

std::uint32_t encode(const rational& value, const format_description& format,
                     subnormal_policy subnormals, overflow_policy overflow) {
  return encode(abs(value), value.is_negative(), format, subnormals, overflow);
}

std::uint32_t encode_infinity(bool negative, const format_description& format,
                              overflow_policy overflow) {
  if (format.has_infinity) return with_sign(negative, format.infinity, format);
  return overflowed(negative, format, overflow);
}

std::uint32_t log2e(const format_description& format) {
  static const rational value = rational::from_high_precision(
      high_precision(1 / boost::math::constants::ln_two<working_precision>()));
  return encode(value, format, subnormal_policy::gradual, overflow_policy::infinity);
}

std::uint32_t ln2(const format_description& format) {
  static const rational value = rational::from_high_precision(
      high_precision(boost::math::constants::ln_two<working_precision>()));
  return encode(value, format, subnormal_policy::gradual, overflow_policy::infinity);
}

rational real_pam(const rational& x, const rational& y, const rational& f) {
  const rational sum = x.fraction() + y.fraction();
  const std::int64_t exponent = x.exponent() + y.exponent();
  // 2^E (1 + sum), or 2^(E + 1) sum: the fraction of the latter is sum - 1.
  return with_xor_sign(
      x, y, sum < 1 ? compensated(exponent, sum, f) : compensated(exponent + 1, sum - 1, f));
}

rational real_pad(const rational& x, const rational& y, const rational& f) {
  const rational difference = x.fraction() - y.fraction();
  const std::int64_t exponent = x.exponent() - y.exponent();
  // 2^E (1 + difference), or 2^(E - 1) (2 + difference): the fraction of the latter is 1 +
  // difference.
  return with_xor_sign(x, y,
                       difference >= 0 ? compensated(exponent, difference, -f)
                                       : compensated(exponent - 1, 1 + difference, -f));
}

rational real_paexp2(const rational& x) {
  require_below(x, 32, "real_paexp2");
  const integer whole = x.floor();
  return (1 + x - rational(whole)).scaled(whole.convert_to<std::int64_t>());
}

rational real_palog2(const rational& x) {
  require_positive(x, "real_palog2");
  return x.exponent() + x.fraction();
}

rational ordinary_product(const rational& x, const rational& y) { return x * y; }

rational ordinary_quotient(const rational& x, const rational& y) { return x / y; }

high_precision ordinary_exp2(const rational& x) {
  require_below(x, 32, "ordinary_exp2");
  const auto whole = x.floor().convert_to<std::int64_t>();
  const working_precision t = working(x - whole);
  const working_precision y =
      boost::multiprecision::exp(t * boost::math::constants::ln_two<working_precision>());
  return boost::multiprecision::ldexp(high_precision(y), static_cast<int>(whole));
}

high_precision ordinary_exp(const rational& x) {
  require_below(x, 31, "ordinary_exp");
  return high_precision(boost::multiprecision::exp(working(x)));
}

high_precision ordinary_log2(const rational& x) {
  require_positive(x, "ordinary_log2");
  return high_precision(boost::multiprecision::log(working(x)) /
                        boost::math::constants::ln_two<working_precision>());
}

high_precision ordinary_log(const rational& x) {
  require_positive(x, "ordinary_log");
  return high_precision(boost::multiprecision::log(working(x)));
}

high_precision ordinary_pow(const rational& x, const rational& p) {
  require_positive(x, "ordinary_pow");
  return high_precision(
      boost::multiprecision::exp(working(p) * boost::multiprecision::log(working(x))));
}

high_precision ordinary_sqrt(const rational& x) {
  if (x.is_negative()) throw std::domain_error("ordinary_sqrt: the argument must not be negative");
  return high_precision(boost::multiprecision::sqrt(working(x)));
}

}  // namespace pamkit::reference
