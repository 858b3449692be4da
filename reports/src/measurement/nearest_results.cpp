#include "measurement/nearest_results.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "pamkit/reference/exact_value.hpp"

namespace pamkit::reports {
namespace {

using reference::high_precision;
using reference::rational;

constexpr int kBinary64Bits = 52;
constexpr int kBinary64Bias = 1023;
constexpr std::uint64_t kBinary64Fraction = (std::uint64_t{1} << kBinary64Bits) - 1;

// Libraries err by less than a unit of a binary64 number: a result farther than this from the
// middle of two encodings is rounded as the true one is.
constexpr std::uint64_t kUnsure = 4;

double plain_value(const format_description& format, std::uint32_t bits) {
  return static_cast<double>(value_of(format, bits, subnormal_policy::gradual));
}

}  // namespace

// A function by the C library and to 50 digits.
struct nearest_results::known_function {
  std::string_view name;
  bool is_exponential;
  bool is_of_two;
  bool is_of_positive;
  double (*library)(double x, double y);
  high_precision (*digits)(const rational& x, const rational& y);
};

const nearest_results::known_function* nearest_results::find(std::string_view name) {
  using r = const rational&;
  static constexpr known_function kKnown[] = {
      {"exp2", true, false, false, [](double x, double) { return std::exp2(x); },
       [](r x, r) { return reference::ordinary_exp2(x); }},
      {"exp", true, false, false, [](double x, double) { return std::exp(x); },
       [](r x, r) { return reference::ordinary_exp(x); }},
      {"log2", false, false, true, [](double x, double) { return std::log2(x); },
       [](r x, r) { return reference::ordinary_log2(x); }},
      {"log", false, false, true, [](double x, double) { return std::log(x); },
       [](r x, r) { return reference::ordinary_log(x); }},
      {"pow", false, true, true, [](double x, double y) { return std::pow(x, y); },
       [](r x, r y) { return reference::ordinary_pow(x, y); }}};
  const auto* const found = std::ranges::find(kKnown, name, &known_function::name);
  return found != std::end(kKnown) ? found : nullptr;
}

nearest_results::nearest_results(const measured_operation& operation,
                                 const format_description& format)
    : function_(*find(operation.name)),
      format_(format),
      // Above every finite magnitude; in a format without infinities its NaN.
      not_finite_(format.magnitude_mask),
      // exp(x) - 1 is below 2 x there, and half a unit below 1 is 2^-(kept + 2).
      rounds_to_one_(std::ldexp(1.0, -(format.kept_bits + 3))) {}

bool nearest_results::covers(const measured_operation& operation) {
  return find(operation.name) != nullptr;
}

// units * 2^(exponent - kept), the exponent at least that of the least normal number.
std::uint32_t nearest_results::encoded(int exponent, std::uint64_t units, bool negative) const {
  const int binade = exponent - (1 - format_.bias);
  if (binade > 1 << format_.exponent_bits) return not_finite_;
  const std::uint64_t magnitude =
      ((static_cast<std::uint64_t>(binade) << format_.kept_bits) + units) << format_.dropped_bits;
  if (magnitude > format_.max_finite) return not_finite_;
  return static_cast<std::uint32_t>(magnitude) | (negative ? format_.sign_mask : 0);
}

std::uint32_t nearest_results::nearest(double y, std::uint64_t unsure, std::uint32_t a,
                                       std::uint32_t b) const {
  if (!std::isfinite(y)) return not_finite_;
  const auto bits = std::bit_cast<std::uint64_t>(y);
  const bool negative = bits >> 63 != 0;
  const int exponent = static_cast<int>(bits >> kBinary64Bits & 0x7ff) - kBinary64Bias;
  const int least = 1 - format_.bias;
  const int shift = kBinary64Bits - format_.kept_bits + std::max(0, least - exponent);
  if (shift > kBinary64Bits + 2) return encoded(least, 0, negative);  // below half the least number
  const std::uint64_t significand =
      (bits & kBinary64Fraction) | (exponent > -kBinary64Bias ? kBinary64Fraction + 1 : 0);
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  const std::uint64_t rest = significand & (2 * half - 1);
  if ((rest > half ? rest - half : half - rest) <= unsure) return nearest_of_digits(a, b);
  return encoded(std::max(exponent, least), (significand >> shift) + (rest > half ? 1 : 0),
                 negative);
}

std::uint32_t nearest_results::nearest_of_digits(std::uint32_t a, std::uint32_t b) const {
  const auto operand = [&](std::uint32_t bits) {
    return rational::from_double(plain_value(format_, bits));
  };
  const rational x = operand(a);
  if (function_.is_of_positive && x <= rational(0)) return not_finite_;
  high_precision y = function_.digits(x, operand(b));
  const bool negative = y < 0;
  if (negative) y = -y;
  int exponent = 0;
  if (y != 0) exponent = ilogb(y);
  exponent = std::max(exponent, 1 - format_.bias);
  const high_precision scaled = ldexp(y, format_.kept_bits - exponent);
  const auto whole = static_cast<std::uint64_t>(scaled);
  const high_precision beyond = scaled - whole - high_precision(1) / 2;
  // Closer than the digits tell it is a tie: the true value has the middle's few bits.
  const bool is_tie = abs(beyond) < ldexp(high_precision(1), -100);
  const bool up = is_tie ? (whole & 1) != 0 : beyond > 0;
  return encoded(exponent, whole + (up ? 1 : 0), negative);
}

void nearest_results::operator()(const std::uint32_t* a, const std::uint32_t* b, std::uint32_t* out,
                                 std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t second = function_.is_of_two ? b[i] : 0;
    if (!format_.is_finite(a[i]) || !format_.is_finite(second)) {
      out[i] = not_finite_;
      continue;
    }
    const double x = plain_value(format_, a[i]);
    if (function_.is_exponential && std::abs(x) <= rounds_to_one_) {
      out[i] = format_.one;
      continue;
    }
    out[i] = nearest(function_.library(x, plain_value(format_, second)), kUnsure, a[i], second);
  }
}

}  // namespace pamkit::reports
