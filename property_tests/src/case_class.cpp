#include "pamkit/properties/case_class.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "extended_magnitude.hpp"
#include "paper_cases.hpp"

namespace pamkit::properties {
namespace {

using enum case_class;

constexpr std::array<std::pair<case_class, std::string_view>, case_class_count> kNames = {{
    {positive_zero, "+0"},
    {negative_zero, "-0"},
    {subnormal, "subnormal"},
    {least_subnormal, "least subnormal"},
    {largest_subnormal, "largest subnormal"},
    {smallest_normal, "smallest normal"},
    {largest_normal, "largest normal"},
    {power_of_two, "power of two"},
    {above_power_of_two, "power of two + ulp"},
    {below_power_of_two, "power of two - ulp, all-ones fraction"},
    {infinity, "infinity"},
    {quiet_nan, "quiet NaN"},
    {signalling_nan, "signalling NaN"},
    {nan_payload, "NaN with payload"},
    {fraction_sum_below_one, "fraction sum 1 - ulp"},
    {fraction_sum_one, "fraction sum 1"},
    {fraction_sum_above_one, "fraction sum 1 + ulp"},
    {magnitude_sum_below_min, "magnitude sum MIN - ulp"},
    {magnitude_sum_min, "magnitude sum MIN"},
    {magnitude_sum_max, "magnitude sum MAX"},
    {magnitude_sum_above_max, "magnitude sum MAX + ulp"},
    {fraction_difference_below, "fraction difference -ulp"},
    {fraction_difference_zero, "fraction difference 0"},
    {fraction_difference_above, "fraction difference ulp"},
    {magnitude_difference_below_min, "magnitude difference MIN - ulp"},
    {magnitude_difference_min, "magnitude difference MIN"},
    {magnitude_difference_max, "magnitude difference MAX"},
    {magnitude_difference_above_max, "magnitude difference MAX + ulp"},
    {product_below_least, "product just below 1e-37"},
    {product_least, "product from 1e-37 on"},
    {product_below_bound, "product just below 1e37"},
    {product_bound, "product from 1e37 on"},
    {quotient_below_least, "quotient just below 1e-37"},
    {quotient_least, "quotient from 1e-37 on"},
    {quotient_below_bound, "quotient just below 1e37"},
    {quotient_bound, "quotient from 1e37 on"},
    {subnormal_in_product, "subnormal, product in range"},
    {subnormal_in_quotient, "subnormal, quotient in range"},
    {signs_wrap, "two signs wrap"},
    {negative_divisor, "negative divisor, in range"},
    {slope_sum_wraps, "slope wraps into the sign"},
    {cancellation, "cancellation in a sum"},
    {tiny_term, "term tiny next to its accumulator"},
    {single_term_at_edge, "single term at a range edge"},
    {training_weights, "training: log-normal weights"},
    {training_activations, "training: sparse activations"},
    {training_gradients, "training: tiny gradients"},
    {training_logits, "training: peaked logits"},
    {training_recorded, "training: recorded"},
}};

class counter {
 public:
  counter(const format_description& format, std::int64_t compensation, class_counts& counts)
      : f_(format), compensation_(compensation), counts_(counts) {}

  void count_operand(std::uint32_t x) {
    const std::uint32_t m = x & f_.magnitude_mask;
    if (f_.is_zero(x)) return add(f_.sign(x) ? negative_zero : positive_zero);
    if (f_.is_nan(x)) return count_nan(m);
    if (f_.is_infinite(x)) return add(infinity);
    const std::uint32_t unit = std::uint32_t{1} << f_.dropped_bits;
    if (m < f_.min_normal) {
      add(subnormal);
      if (m == unit) add(least_subnormal);
      if (m + unit == f_.min_normal) add(largest_subnormal);
      return;
    }
    if (m == f_.min_normal) add(smallest_normal);
    if (m == f_.max_finite) add(largest_normal);
    const std::uint32_t fraction = m & (f_.min_normal - 1);
    if (fraction == 0) add(power_of_two);
    if (fraction == unit) add(above_power_of_two);
    if (fraction + unit == f_.min_normal) add(below_power_of_two);
  }

  void count_pair(std::uint32_t a, std::uint32_t b) {
    if (!f_.is_finite(a) || !f_.is_finite(b) || f_.is_zero(a) || f_.is_zero(b)) return;
    const std::int64_t x = extended_magnitude(f_, a);
    const std::int64_t y = extended_magnitude(f_, b);
    const std::int64_t min = f_.min_normal;
    const std::int64_t unit = unit_of(f_);
    const auto three = [&](std::int64_t value, case_class below, case_class at, case_class above) {
      if (value == -unit) add(below);
      if (value == 0) add(at);
      if (value == unit) add(above);
    };
    three(fraction_field(f_, x) + fraction_field(f_, y) + compensation_ - min,
          fraction_sum_below_one, fraction_sum_one, fraction_sum_above_one);
    three(fraction_field(f_, x) - fraction_field(f_, y) - compensation_, fraction_difference_below,
          fraction_difference_zero, fraction_difference_above);
    count_range(x + y - std::int64_t{f_.one} + compensation_, magnitude_sum_below_min);
    count_range(x - y + std::int64_t{f_.one} - compensation_, magnitude_difference_below_min);
  }

 private:
  void add(case_class c) { ++counts_[static_cast<std::size_t>(c)]; }

  void count_nan(std::uint32_t m) {
    if (!f_.has_infinity) return add(quiet_nan);
    const std::uint32_t quiet_bit = f_.min_normal >> 1;
    add((m & quiet_bit) != 0 ? quiet_nan : signalling_nan);
    if (m != f_.nan) add(nan_payload);
  }

  // The four classes of one range, which follow each other in the enumeration.
  void count_range(std::int64_t magnitude, case_class first) {
    const std::int64_t edges[] = {std::int64_t{f_.min_normal} - unit_of(f_), f_.min_normal,
                                  f_.max_finite, std::int64_t{f_.max_finite} + unit_of(f_)};
    for (std::size_t i = 0; i < std::size(edges); ++i) {
      if (magnitude == edges[i]) ++counts_[static_cast<std::size_t>(first) + i];
    }
  }

  const format_description& f_;
  std::int64_t compensation_;
  class_counts& counts_;
};

}  // namespace

std::string_view name_of(case_class c) {
  return std::ranges::find(kNames, c, &std::pair<case_class, std::string_view>::first)->second;
}

void count_case(const case_shape& shape, std::span<const std::uint32_t> operands,
                class_counts& counts) {
  const format_description format = describe(shape.format);
  counter c(format, shape.compensation, counts);
  for (const std::uint32_t x : operands) c.count_operand(x);
  for (std::size_t i = 1; i < operands.size(); ++i) c.count_pair(operands[i - 1], operands[i]);
  if (shape.profile == profile::paper && operands.size() == 2) {
    count_paper_case(operands[0], operands[1], shape.compensation, counts);
  }
}

std::vector<case_class> required_classes(const case_shape& shape) {
  const format_description f = describe(shape.format);
  std::vector<case_class> classes = {positive_zero,      negative_zero,     subnormal,
                                     least_subnormal,    largest_subnormal, smallest_normal,
                                     largest_normal,     power_of_two,      above_power_of_two,
                                     below_power_of_two, quiet_nan};
  if (f.has_infinity) {
    classes.push_back(infinity);
    // A signalling NaN, and a payload, need a second fraction bit.
    if (f.kept_bits > 1) classes.insert(classes.end(), {signalling_nan, nan_payload});
  }
  if (shape.arity < 2) return classes;
  if (shape.profile == profile::paper) {
    const auto own = paper_classes();
    classes.insert(classes.end(), own.begin(), own.end());
  }
  // Few fraction bits, or a large compensation, leave some sums without a pair.
  const std::int64_t unit = unit_of(f);
  const std::int64_t greatest = std::int64_t{f.min_normal} - unit;
  const auto add = [&](case_class c, std::int64_t value, std::int64_t low, std::int64_t high) {
    if (value >= low && value <= high) classes.push_back(c);
  };
  const auto offset = [](case_class c, case_class middle) {
    return static_cast<std::int64_t>(c) - static_cast<std::int64_t>(middle);
  };
  for (const case_class c : {fraction_sum_below_one, fraction_sum_one, fraction_sum_above_one}) {
    const std::int64_t sum = f.min_normal + unit * offset(c, fraction_sum_one) - shape.compensation;
    add(c, sum, 0, 2 * greatest);
  }
  for (const case_class c :
       {fraction_difference_below, fraction_difference_zero, fraction_difference_above}) {
    const std::int64_t difference = unit * offset(c, fraction_difference_zero) + shape.compensation;
    add(c, difference, -greatest, greatest);
  }
  for (const case_class first : {magnitude_sum_below_min, magnitude_difference_below_min}) {
    for (std::size_t i = 0; i < 4; ++i) {
      classes.push_back(static_cast<case_class>(static_cast<std::size_t>(first) + i));
    }
  }
  return classes;
}

void class_coverage::add(const std::string& format, const class_counts& counts) {
  class_counts& sum = counts_[format];
  for (std::size_t i = 0; i < case_class_count; ++i) sum[i] += counts[i];
}

void class_coverage::merge(const class_coverage& other) {
  for (const auto& [format, counts] : other.counts_) add(format, counts);
}

std::string class_coverage::to_text() const {
  std::string text = fmt::format("{:<40}", "case class");
  for (const auto& [format, counts] : counts_) text += fmt::format(" {:>12}", format);
  text += '\n';
  for (std::size_t i = 0; i < case_class_count; ++i) {
    text += fmt::format("{:<40}", name_of(static_cast<case_class>(i)));
    for (const auto& [format, counts] : counts_) text += fmt::format(" {:>12}", counts[i]);
    text += '\n';
  }
  return text;
}

}  // namespace pamkit::properties
