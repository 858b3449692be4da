#include "measurement/nearest_results.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "pamkit/reference/exact_value.hpp"

namespace pamkit::reports {
namespace {

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

nearest_results::nearest_results(const measured_operation& operation,
                                 const format_description& format)
    : operation_(operation),
      format_(format),
      // Above every finite magnitude; in a format without infinities its NaN.
      not_finite_(format.magnitude_mask),
      is_exponential_(operation.name == "exp2" || operation.name == "exp"),
      is_pow_(operation.name == "pow"),
      // exp(x) - 1 is below 2 x there, and half a unit below 1 is 2^-(kept + 2).
      rounds_to_one_(std::ldexp(1.0, -(format.kept_bits + 3))) {}

bool nearest_results::covers(const measured_operation& operation) {
  constexpr std::string_view kNames[] = {"exp2", "exp", "log2", "log", "pow"};
  return std::ranges::find(kNames, operation.name) != std::end(kNames);
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
  using reference::high_precision;
  const auto operand = [&](std::uint32_t bits) {
    return reference::rational::from_double(plain_value(format_, bits));
  };
  const reference::rational x = operand(a);
  high_precision y;
  if (operation_.name == "exp2") {
    y = reference::ordinary_exp2(x);
  } else if (operation_.name == "exp") {
    y = reference::ordinary_exp(x);
  } else if (x <= reference::rational(0)) {
    return not_finite_;
  } else if (is_pow_) {
    y = reference::ordinary_pow(x, operand(b));
  } else {
    y = operation_.name == "log2" ? reference::ordinary_log2(x) : reference::ordinary_log(x);
  }
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

template <class Library>
void nearest_results::round_all(const std::uint32_t* a, const std::uint32_t* b, std::uint32_t* out,
                                std::size_t count, const Library& library) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (!format_.is_finite(a[i]) || (is_pow_ && !format_.is_finite(b[i]))) {
      out[i] = not_finite_;
      continue;
    }
    const double x = plain_value(format_, a[i]);
    if (is_exponential_ && std::abs(x) <= rounds_to_one_) {
      out[i] = format_.one;
      continue;
    }
    const double y = library(x, is_pow_ ? plain_value(format_, b[i]) : 0);
    out[i] = nearest(y, kUnsure, a[i], is_pow_ ? b[i] : 0);
  }
}

void nearest_results::operator()(const std::uint32_t* a, const std::uint32_t* b, std::uint32_t* out,
                                 std::size_t count) const {
  const std::string_view name = operation_.name;
  if (name == "exp2") {
    round_all(a, b, out, count, [](double x, double) { return std::exp2(x); });
  } else if (name == "exp") {
    round_all(a, b, out, count, [](double x, double) { return std::exp(x); });
  } else if (name == "log2") {
    round_all(a, b, out, count, [](double x, double) { return std::log2(x); });
  } else if (name == "log") {
    round_all(a, b, out, count, [](double x, double) { return std::log(x); });
  } else {
    round_all(a, b, out, count, [](double x, double y) { return std::pow(x, y); });
  }
}

}  // namespace pamkit::reports
