#include "training_tensor.hpp"

#include <algorithm>
#include <cmath>

#include "pamkit/backend.hpp"

namespace pamkit::properties {
namespace {

// A sum of twelve uniform numbers less six: mean 0, variance 1. Exact in binary64.
double nearly_normal(entropy& source) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += static_cast<double>(source.next() >> 32) * 0x1p-32;
  return sum;
}

// 2^floor(x) (1 + x - floor(x)).
double power(double x) {
  const double whole = std::floor(x);
  return std::ldexp(1 + (x - whole), static_cast<int>(whole));
}

// The middle of the gradients' exponents: -14, but inside the range of the format.
double gradient_exponent(const any_format& format) {
  return std::max(-14, 3 - describe(format).bias);
}

double with_sign(double x, entropy& source) { return source.one_in(2) ? -x : x; }

double draw(training_kind kind, double gradients, entropy& source) {
  switch (kind) {
    case training_kind::weights:
      return with_sign(power(-5 + 1.2 * nearly_normal(source)), source);
    case training_kind::activations:
      return source.one_in(2) ? 0 : power(-1 + nearly_normal(source));
    case training_kind::gradients:
      return with_sign(power(gradients + 2 * std::min(nearly_normal(source), 1.0)), source);
    default:
      return nearly_normal(source);
  }
}

std::vector<float> values_of(const any_format& format, std::span<const std::uint32_t> encodings) {
  std::vector<float> values(encodings.size());
  widen(format, encodings, values);
  return values;
}

}  // namespace

column training_tensor(const any_format& format, training_kind kind, std::size_t count,
                       std::size_t row_length, entropy& source) {
  const double gradients = gradient_exponent(format);
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(draw(kind, gradients, source)));
  }
  if (kind == training_kind::logits && row_length > 0) {
    for (std::size_t first = 0; first + row_length <= count; first += row_length) {
      values[first + source.below(row_length)] =
          8 + static_cast<float>(source.below(1024)) * 0x1p-8F;
    }
  }
  configuration rules;
  rules.format = format;
  rules.subnormals = subnormal_policy::gradual;
  column encodings(count);
  narrow(rules, values, encodings);
  return encodings;
}

bool has_statistics_of(training_kind kind, const any_format& format,
                       std::span<const std::uint32_t> encodings) {
  if (encodings.size() < 8) return false;
  const std::vector<float> values = values_of(format, encodings);
  const auto count = [&](const auto& is) {
    return static_cast<std::size_t>(std::ranges::count_if(values, is));
  };
  const std::size_t zeros = count([](float x) { return x == 0; });
  const std::size_t negative = count([](float x) { return x < 0; });
  const std::size_t positive = count([](float x) { return x > 0; });
  if (zeros + negative + positive != values.size()) return false;  // NaN
  std::vector<float> magnitudes;
  for (const float x : values) magnitudes.push_back(std::abs(x));
  std::ranges::sort(magnitudes);
  const float largest = magnitudes.back();
  const float median = magnitudes[magnitudes.size() / 2];
  switch (kind) {
    case training_kind::weights:  // both signs, below 1, a long tail
      return negative > 2 && positive > 2 && largest < 2 && largest > 3 * median;
    case training_kind::activations:  // a quarter and more zeros, nothing negative
      return negative == 0 && zeros * 4 >= values.size() && positive * 4 >= values.size() &&
             largest < 64;
    case training_kind::gradients: {  // both signs, near the lower end of small formats
      const auto bound = static_cast<float>(power(gradient_exponent(format) + 3));
      return negative > 2 && positive > 2 && largest < bound;
    }
    default: {  // one far above the rest, which lie around 0
      const float second = magnitudes[magnitudes.size() - 2];
      return largest >= 8 && largest <= 12 && second < 6 && negative > 0;
    }
  }
}

}  // namespace pamkit::properties
