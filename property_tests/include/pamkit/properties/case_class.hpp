#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/format/any_format.hpp"
#include "pamkit/format/profile.hpp"

/// The classes of cases that a sampled run has to reach, and the count of those that it did.

namespace pamkit::properties {

enum class case_class : std::uint8_t {
  // of one operand
  positive_zero,
  negative_zero,
  subnormal,
  least_subnormal,
  largest_subnormal,
  smallest_normal,
  largest_normal,
  power_of_two,
  above_power_of_two,  ///< one unit above
  below_power_of_two,  ///< one unit below: an all-ones fraction
  infinity,
  quiet_nan,
  signalling_nan,
  nan_payload,  ///< neither canonical nor its negation
  // of two operands; fractions and magnitudes include the compensation
  fraction_sum_below_one,  ///< 1 - ulp
  fraction_sum_one,
  fraction_sum_above_one,     ///< 1 + ulp
  magnitude_sum_below_min,    ///< mag a + mag b - ONE = MIN - ulp
  magnitude_sum_min,          ///< MIN
  magnitude_sum_max,          ///< MAX
  magnitude_sum_above_max,    ///< MAX + ulp
  fraction_difference_below,  ///< Fa - Fb = -ulp
  fraction_difference_zero,
  fraction_difference_above,       ///< ulp
  magnitude_difference_below_min,  ///< mag a - mag b + ONE = MIN - ulp
  magnitude_difference_min,
  magnitude_difference_max,
  magnitude_difference_above_max,
  // of two operands under profile paper; product and quotient are the ordinary ones, RN
  product_below_least,   ///< the largest binary32 number below 1e-37
  product_least,         ///< the smallest that is not
  product_below_bound,   ///< the largest binary32 number below 1e37
  product_bound,         ///< the smallest that is not
  quotient_below_least,  ///< as for the product
  quotient_least,
  quotient_below_bound,
  quotient_bound,
  subnormal_in_product,   ///< a subnormal operand, the product from 1e-37 to below 1e37
  subnormal_in_quotient,  ///< the same of the quotient
  signs_wrap,             ///< two negative operands: the sum of the encodings passes 2^32
  negative_divisor,       ///< b < 0, the quotient from 1e-37 to below 1e37
  slope_sum_wraps,        ///< b + (a's fraction) + compensation passes into b's sign bit
  // of a contraction
  cancellation,         ///< a partial sum falls below 2^-12 of a term before it
  tiny_term,            ///< a nonzero term below 2^-20 of the accumulator
  single_term_at_edge,  ///< one summed term at an edge of the binary32 range
  // tensors of real training, and with its statistics
  training_weights,      ///< both signs, magnitudes log-normal
  training_activations,  ///< behind a ReLU: many zeros, nothing negative
  training_gradients,    ///< tiny
  training_logits,       ///< a row of which softmax is peaked
  training_recorded,     ///< taken from a step of training
  count
};

inline constexpr std::size_t case_class_count = static_cast<std::size_t>(case_class::count);

/// "positive zero", "fraction sum 1 - ulp", ...
std::string_view name_of(case_class c);

/// What cases are made for: the format, how many operands, the compensation that the edges move by,
/// and the profile, which has edges of its own.
struct case_shape {
  any_format format = binary32{};
  int arity = 1;  ///< 1, 2 or 3
  std::int32_t compensation = 0;
  pamkit::profile profile = pamkit::profile::standard;
};

using class_counts = std::array<std::uint64_t, case_class_count>;

/// Adds one case (arity operands) to the counts. Operands are also read as consecutive pairs.
void count_case(const case_shape& shape, std::span<const std::uint32_t> operands,
                class_counts& counts);

/// The classes that exist for a shape: e4m3 has no infinity, one fraction bit no sum of 1 + ulp.
std::vector<case_class> required_classes(const case_shape& shape);

/// What a run reached, by format.
class class_coverage {
 public:
  void add(const std::string& format, const class_counts& counts);
  void merge(const class_coverage& other);

  const std::map<std::string, class_counts>& by_format() const { return counts_; }

  /// A table, one line a class and one column a format.
  std::string to_text() const;

 private:
  std::map<std::string, class_counts> counts_;
};

}  // namespace pamkit::properties
