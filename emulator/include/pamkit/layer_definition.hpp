#pragma once

#include <bit>
#include <optional>
#include <stdexcept>
#include <string>

#include "pamkit/detail/layer_steps.hpp"
#include "pamkit/tensor/layer.hpp"

/// The contract of one file in pamkit/layer/: a struct named like the file with
///   name        what the command line calls it, and the file's stem
///   inputs, outputs, attributes   arrays of layer_operand, layer_operand and layer_attribute
///   is_variadic (optional)        any number of inputs, all like the first
///   is_defined<A>                 whether arithmetic A has the operations that it uses
///   forward<A>(layer_call)        the definition, docs/specification.md section 13
///   vjp<A>(layer_call)            (optional) its derivative: the vjps of its steps in reverse
///   order, section 9.4

namespace pamkit {

/// One call of a layer: rules, operands and host scalars.
struct layer_call {
  std::string_view name;
  policy<binary32> rules;  ///< compensation acts in contractions only
  derivative gradient = derivative::approx;
  std::span<const tensor> inputs;  ///< of a vjp: the inputs, then a derivative for each output
  const layer_attributes* attributes = nullptr;
  std::span<const layer_attribute> known;

  /// The host's value, or the default.
  double attribute(std::string_view wanted) const {
    if (const auto it = attributes->find(wanted); it != attributes->end()) return it->second;
    for (const layer_attribute& a : known) {
      if (a.name == wanted) return a.otherwise;
    }
    refuse("no attribute is called " + std::string(wanted));
  }

  /// An attribute that counts something: a whole number from `least` on.
  std::int64_t count(std::string_view wanted, std::int64_t least) const {
    const double value = attribute(wanted);
    const bool is_readable = value >= -1e9 && value <= 1e9;
    const std::int64_t whole = is_readable ? static_cast<std::int64_t>(value) : least - 1;
    require(whole >= least && static_cast<double>(whole) == value,
            std::string(wanted) + " must be a whole number from " + std::to_string(least) + " on");
    return whole;
  }

  template <class A>
  detail::layer_steps<A> steps() const {
    return {rules.uncompensated(), gradient};
  }

  /// The name and the text as std::invalid_argument.
  [[noreturn]] void refuse(const std::string& text) const {
    throw std::invalid_argument(std::string(name) + ": " + text);
  }
  void require(bool condition, const std::string& text) const {
    if (!condition) refuse(text);
  }
};

/// Elements of a shape.
inline std::int64_t element_count(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  return count;
}

inline tensor tensor_of_shape(std::vector<std::int64_t> shape) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  return {std::move(shape), std::vector<std::uint32_t>(count)};
}

/// A tensor as rows of its last axis.
struct row_layout {
  std::int64_t rows = 0;
  std::int64_t length = 0;
};

inline row_layout rows_of(const layer_call& call, const tensor& x) {
  call.require(!x.shape.empty(), "the operand needs at least one axis");
  const std::span<const std::int64_t> leading(x.shape.data(), x.shape.size() - 1);
  return {element_count(leading), x.shape.back()};
}

/// The shape without its last axis: one element for each row.
inline std::vector<std::int64_t> reduced_shape(const tensor& x) {
  return {x.shape.begin(), x.shape.end() - 1};
}

inline std::string text_of_shape(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

inline void require_shape(const layer_call& call, std::string_view what, const tensor& t,
                          std::span<const std::int64_t> wanted) {
  call.require(std::ranges::equal(t.shape, wanted), std::string(what) + " has shape " +
                                                        text_of_shape(t.shape) + ", needs " +
                                                        text_of_shape(wanted));
}

/// Row r of a tensor of rows.
inline detail::word_row row(const tensor& x, std::int64_t length, std::int64_t r) {
  return detail::word_row(x.encodings)
      .subspan(static_cast<std::size_t>(r * length), static_cast<std::size_t>(length));
}
inline std::span<std::uint32_t> row(tensor& x, std::int64_t length, std::int64_t r) {
  return std::span(x.encodings)
      .subspan(static_cast<std::size_t>(r * length), static_cast<std::size_t>(length));
}

}  // namespace pamkit
