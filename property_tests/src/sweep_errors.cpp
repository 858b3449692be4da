#include "sweep_errors.hpp"

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
  const format_description& f = rules_.format;
  const double* const values = values_.data();
  const auto min = static_cast<std::int32_t>(f.min_normal);
  const auto max = static_cast<std::int32_t>(f.max_finite);
  const std::size_t count = results.size();
  const std::uint32_t first = operands.back().front();
  // Not a number where a pair is out of range.
  errors_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double y = values[first + i];
    const auto m = static_cast<std::int32_t>(results[i] & f.magnitude_mask);
    const double ordinary = is_product_ ? x * y : x / y;
    const double e = values[results[i]] / ordinary - 1;
    const bool in_range = m >= min && m <= max && y != 0;
    errors_[i] = in_range ? e : std::numeric_limits<double>::quiet_NaN();
  }
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double e = errors_[i];
    if (std::isnan(e)) continue;
    sum += e;
    const extreme here = {e, a, first + static_cast<std::uint32_t>(i), results[i]};
    if (pairs_ == 0 || e < least_.value) least_ = here;
    if (pairs_ == 0 || e > greatest_.value) greatest_ = here;
    ++pairs_;
  }
  sum_ += sum;
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
