#include "sweep_errors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "pamkit/reference/integer_model.hpp"
#include "result_text.hpp"

namespace pamkit::properties {
namespace {

std::vector<double> values_of_all(const reference::rules& rules) {
  std::vector<std::uint32_t> encodings(std::size_t{1} << rules.format.storage_bits);
  for (std::size_t i = 0; i < encodings.size(); ++i) encodings[i] = static_cast<std::uint32_t>(i);
  std::vector<double> values(encodings.size());
  reference::values_of(rules, encodings.data(), values.data(), values.size());
  return values;
}

// Loops over columns are compiled for the vectors that a machine may have, too; the same bits.
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_THREAD__)
#define PAMKIT_COLUMN_LOOP [[gnu::target_clones("avx2", "default")]]
#else
#define PAMKIT_COLUMN_LOOP
#endif

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct result_range {
  std::uint32_t mask;  // of a magnitude
  std::int32_t min;
  std::int32_t max;
  int fraction_bits;
  int bias;
};

// The value of a normal result of magnitude m: both fields moved to binary64's. A table of values costs
// a gather from half a megabyte for each pair, which is most of a sweep's statistics.
[[gnu::always_inline]] inline double normal_value(std::uint32_t result, std::int32_t m,
                                                  result_range range) {
  const std::uint64_t sign = std::uint64_t{result & ~range.mask} != 0;
  const std::uint64_t rebiased = std::uint64_t(1023 - range.bias) << 52;
  return std::bit_cast<double>(
      (sign << 63) | ((static_cast<std::uint64_t>(m) << (52 - range.fraction_bits)) + rebiased));
}

// errors[i] = error_of(result, y[i]); not a number where a pair is out of range.
template <class Error>
[[gnu::always_inline]] inline void errors_by(const Error& error_of, const double* y,
                                             const std::uint32_t* results, result_range range,
                                             double* __restrict errors, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto m = static_cast<std::int32_t>(results[i] & range.mask);
    double v = normal_value(results[i], m, range);
    v = m >= range.min ? v : kNan;
    v = m <= range.max ? v : kNan;
    v = y[i] != 0 ? v : kNan;
    errors[i] = error_of(v, y[i]);
  }
}

// Of a product, result / (x y) - 1. x y is exact in binary64 (22 bits at most): one rounding, and
// one of the difference.
PAMKIT_COLUMN_LOOP void errors_of_products(double x, const double* y,
                                           const std::uint32_t* results, result_range range,
                                           double* __restrict errors, std::size_t count) {
  errors_by([x](double v, double y_i) { return v / (x * y_i) - 1; }, y, results, range, errors,
            count);
}

// Of a quotient, result / (x / y) - 1 = result y / x - 1, rounded as above.
PAMKIT_COLUMN_LOOP void errors_of_quotients(double x, const double* y,
                                            const std::uint32_t* results, result_range range,
                                            double* __restrict errors, std::size_t count) {
  errors_by([x](double v, double y_i) { return v * y_i / x - 1; }, y, results, range, errors,
            count);
}

struct error_summary {
  std::uint64_t pairs;
  double least, greatest, sum;
};

// Of those errors that are numbers.
PAMKIT_COLUMN_LOOP error_summary summary_of(const double* errors, std::size_t count) {
  constexpr std::size_t kLanes = 8;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double least[kLanes], greatest[kLanes], sum[kLanes], pairs[kLanes];
  std::ranges::fill(least, kInfinity);
  std::ranges::fill(greatest, -kInfinity);
  std::ranges::fill(sum, 0.0);
  std::ranges::fill(pairs, 0.0);
  const auto take = [&](double e, std::size_t lane) __attribute__((always_inline)) {
    least[lane] = e < least[lane] ? e : least[lane];
    greatest[lane] = e > greatest[lane] ? e : greatest[lane];
    const bool is_number = e == e;
    sum[lane] += is_number ? e : 0.0;
    pairs[lane] += is_number ? 1.0 : 0.0;  // exact: below 2^53
  };
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) take(errors[i + lane], lane);
  }
  for (std::size_t lane = 0; i + lane < count; ++lane) take(errors[i + lane], lane);
  error_summary all{0, kInfinity, -kInfinity, 0};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    all.least = std::min(all.least, least[lane]);
    all.greatest = std::max(all.greatest, greatest[lane]);
    all.sum += sum[lane];
    all.pairs += static_cast<std::uint64_t>(pairs[lane]);
  }
  return all;
}

}  // namespace

sweep_errors::sweep_errors(const reference::rules& rules, std::string_view operation)
    : rules_(rules), is_product_(operation == "mul") {
  rules_.overflow = overflow_policy::infinity;
  if (rules_.arithmetic == "exact" || rules_.arithmetic == "adder") {
    rules_.subnormals = subnormal_policy::gradual;
  }
  values_ = values_of_all(rules_);
}

void sweep_errors::add(const operand_columns& operands, const column& results) {
  const std::uint32_t a = operands.front().front();
  const double x = values_[a];
  if (x == 0 || !std::isfinite(x)) return;
  const std::size_t count = results.size();
  const std::uint32_t first = operands.back().front();
  const result_range range{.mask = rules_.format.magnitude_mask,
                           .min = static_cast<std::int32_t>(rules_.format.min_normal),
                           .max = static_cast<std::int32_t>(rules_.format.max_finite),
                           .fraction_bits = rules_.format.fraction_bits,
                           .bias = rules_.format.bias};
  errors_.resize(count);
  (is_product_ ? errors_of_products : errors_of_quotients)(
      x, values_.data() + first, results.data(), range, errors_.data(), count);
  const error_summary here = summary_of(errors_.data(), count);
  if (here.pairs == 0) return;
  const auto first_with = [&](double e) {
    const auto i = static_cast<std::size_t>(std::ranges::find(errors_, e) - errors_.begin());
    return extreme{e, a, first + static_cast<std::uint32_t>(i), results[i]};
  };
  if (pairs_ == 0 || here.least < least_.value) least_ = first_with(here.least);
  if (pairs_ == 0 || here.greatest > greatest_.value) greatest_ = first_with(here.greatest);
  pairs_ += here.pairs;
  sum_ += here.sum;
}

error_statistics::extreme sweep_errors::described(const extreme& e) const {
  const auto value = [&](std::uint32_t x) {
    return reference::decode(rules_.format, x, rules_.subnormals).value;
  };
  const reference::rational ordinary =
      is_product_ ? value(e.a) * value(e.b) : value(e.a) / value(e.b);
  const reference::rational error = value(e.result) / ordinary - 1;
  return {.value = e.value,
          .exact = error.to_string(),
          .operands = {hexadecimal(rules_.format, e.a), hexadecimal(rules_.format, e.b)}};
}

error_statistics sweep_errors::statistics() const {
  error_statistics s{.pairs = pairs_, .least = {}, .greatest = {}, .sum = sum_};
  if (pairs_ == 0) return s;
  s.least = described(least_);
  s.greatest = described(greatest_);
  return s;
}

}  // namespace pamkit::properties
