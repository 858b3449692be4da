#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/properties/subject.hpp"

/// Cases for the operations of pamkit/layer/. A file of the folder `layer_cases/` defines
///
///   namespace pamkit::properties::layer_cases {
///   void FILE_STEM(layer_case_source& source) { ... }
///   }
///
/// which adds the cases of the operation of that name.

namespace pamkit::properties {

/// The operands of one call. Numbers are encodings of the format that the case was made for.
struct layer_case {
  std::vector<tensor> inputs;
  std::vector<tensor> incoming;  ///< a derivative for each output, for the vjp
  layer_attributes attributes;

  /// "2x33,33,33/eps=0.5": the shapes of inputs, and of incoming derivatives where `with_incoming`,
  /// then the attributes; a scalar's shape is "1x".
  std::string shape(bool with_incoming) const;

  /// All operands in one column, in the order of `shape`.
  column operands(bool with_incoming) const;
};

/// The case that `shape` and `operands` describe; nothing where they do not fit each other or the
/// operation.
std::optional<layer_case> parse_layer_case(const layer_info& layer, std::string_view shape,
                                           const column& operands, bool with_incoming);

/// What a tensor is filled with.
enum class layer_content : std::uint8_t {
  ordinary,     ///< as activations are: 1/8 to 8, both signs, every fraction pattern
  spread,       ///< 2^-8 to 2^8
  weighted,     ///< everything, infinities and NaNs included
  ties,         ///< few different values, integers and their neighbours among them: equal maxima
  tiny,         ///< at the lower end of the range, subnormals and zeros included
  huge,         ///< at the upper end
  one_special,  ///< ordinary, with one infinity, NaN, zero, subnormal or range end in each row
  masked,       ///< ordinary, with -infinities, and one row of nothing else
  cancelling,   ///< large terms that undo each other, and small ones: another order is another sum
  training,     ///< rows of logits, weights, activations and gradients as of a training step
  recorded,     ///< those of a training step
};

inline constexpr layer_content all_layer_contents[] = {
    layer_content::ordinary,    layer_content::spread, layer_content::weighted,
    layer_content::ties,        layer_content::tiny,   layer_content::huge,
    layer_content::one_special, layer_content::masked, layer_content::cancelling,
    layer_content::training,    layer_content::recorded};

/// Which cases are asked for: those of level quick, those of the other levels, or those of long counts alone.
enum class layer_case_size : std::uint8_t { quick, standard, long_counts };

/// More elements than 16 bits count, by more than a kernel takes together, and no whole number of vectors.
inline constexpr std::int64_t long_count = 66561;

/// Where a case file gets its tensors from, and puts its cases.
class layer_case_source {
 public:
  layer_case_source(const any_format& format, std::uint64_t seed, layer_case_size size);

  bool is_quick() const { return size_ == layer_case_size::quick; }
  entropy& random() { return entropy_; }

  /// A tensor of encodings; a row is what the last axis spans.
  tensor numbers(std::vector<std::int64_t> shape, layer_content content);
  /// Normal numbers with exponents of [low, high], as far as the format has them.
  tensor between(std::vector<std::int64_t> shape, std::int64_t low, std::int64_t high);
  /// The exponent of the largest finite number, in formats with infinities.
  std::int64_t bias() const { return description_.bias; }
  /// x with a fraction of ones.
  std::uint32_t full_fraction(std::uint32_t x) const;
  /// abs(x) of an encoding.
  std::uint32_t magnitude(std::uint32_t x) const { return x & description_.magnitude_mask; }
  /// 2^exponent, or the power of two next to it in the format's normal range.
  std::uint32_t two_to(std::int64_t exponent) const;
  /// The greatest subnormal number, and the least.
  std::uint32_t greatest_subnormal() const { return description_.min_normal - least_subnormal(); }
  std::uint32_t least_subnormal() const { return 1U << description_.dropped_bits; }
  std::uint32_t negative_zero() const { return description_.sign_mask; }
  std::uint32_t nan() const { return description_.nan; }
  /// In binary32 a NaN with a payload comes in as it is, and no result may show it.
  static constexpr std::uint32_t payload_nan = 0xFFC00001;
  bool is_binary32() const { return description_.name == "binary32"; }
  /// Infinity, or the largest finite number of a format without.
  std::uint32_t infinity() const {
    return description_.has_infinity ? description_.infinity : description_.max_finite;
  }
  /// A tensor of words below `limit`.
  tensor words(std::vector<std::int64_t> shape, std::uint32_t limit);

  /// The operand whose piecewise affine square is `units` steps of two units past MAX (`at_most`) or MIN.
  std::uint32_t root_of_end(bool at_most, int units) const;

  /// -magnitude, of [64, 128), cut to the format where that has such numbers.
  std::uint32_t negative_logit(double magnitude) const;

  void add(layer_case c) {
    if (size_ != layer_case_size::long_counts) cases_.push_back(std::move(c));
  }
  /// Adds what `make(long_count)` returns, where long cases are asked for: a case of so many rows, of a row of so many
  /// elements, or of about as many of what else an operation counts.
  template <class Make>
  void add_long(const Make& make) {
    if (size_ == layer_case_size::long_counts) cases_.push_back(make(long_count));
  }
  std::vector<layer_case> take() { return std::move(cases_); }

 private:
  void fill_row(std::span<std::uint32_t> row, layer_content content);
  std::uint32_t draw(std::int64_t low_exponent, std::int64_t high_exponent);

  any_format format_;
  format_description description_;
  entropy entropy_;
  layer_case_size size_;
  std::size_t training_rows_ = 0;
  std::vector<layer_case> cases_;
};

/// Adds cases for an operation with one operand x [..., N]: short and long rows, empty ones, rows
/// around the 32 lanes of their sums, with every content. `reduces`: the output has one element for
/// each row.
void add_row_cases(layer_case_source& source, bool reduces);

/// The same for an operation on each element of a tensor by itself, and a tensor without axes.
void add_element_cases(layer_case_source& source);

/// In binary32 one row of more elements than 16 bits count, for an operation that adds them up.
void add_endless_row(layer_case_source& source);

/// The cases of an operation, its operands in `format`. Equal arguments give equal cases on every
/// machine.
std::vector<layer_case> make_layer_cases(std::string_view layer, const any_format& format,
                                         std::uint64_t seed, layer_case_size size);

/// Adds the classes of tensors that the rows of a case, in `format`, reach.
void count_layer_case(const any_format& format, const layer_case& c, class_counts& counts);

/// Whether there is a file of cases for the operation.
bool has_layer_cases(std::string_view layer);

/// The operation on a backend, its operands widened to binary32 before and its results narrowed to
/// the format after (not in formats that are stored in 32 bits). Throws as pamkit::layer_function,
/// and std::invalid_argument where the backend has no such operation.
std::vector<tensor> apply_layer(const subject& s, const layer_info& layer, bool is_vjp,
                                derivative gradient, const layer_case& c);

/// The numbers of a case widened to binary32.
layer_case widened(const any_format& format, const layer_info& layer, layer_case c);

/// The operation itself, on operands that are binary32 encodings already; nothing is narrowed. Throws as
/// apply_layer.
std::vector<tensor> apply_to_widened(const subject& s, const layer_info& layer, bool is_vjp,
                                     derivative gradient, const layer_case& wide);

/// A simpler case that still fails; `fails` holds for `c`. Numbers go toward 0 and the simple
/// encodings; shapes stay.
layer_case shrink_layer_case(const any_format& format, const layer_info& layer, layer_case c,
                             const std::function<bool(const layer_case&)>& fails,
                             std::size_t limit = 600);

}  // namespace pamkit::properties
