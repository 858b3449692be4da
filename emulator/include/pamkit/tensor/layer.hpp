#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/arithmetic.hpp"

/// Tensor operations beyond the plain products: convolution, reductions along rows, layers, loss and
/// optimiser, as functions on whole tensors (docs/specification.md, sections 11 to 13). One file each in
/// pamkit/layer/; they are all computed in binary32, operands of other formats are widened before and
/// narrowed after.

namespace pamkit {

/// A dense row-major tensor of binary32 encodings.
struct tensor {
  std::vector<std::int64_t> shape;
  std::vector<std::uint32_t> encodings;

  friend bool operator==(const tensor&, const tensor&) = default;
};

/// Scalars that the host gives to an operation (eps, stride, learning rate, ...), in binary64; what the
/// operation derives from them is computed in binary64 and rounded once to binary32 (section 13.2).
using layer_attributes = std::map<std::string, double, std::less<>>;

/// A tensor that an operation reads or writes.
struct layer_operand {
  std::string_view name;
  bool is_differentiable = false;  ///< of an input: the vjp returns a derivative for it
  bool is_integer = false;         ///< classes or a mask: words that are no encodings
};

/// A scalar of an operation and what it is where the caller is silent.
struct layer_attribute {
  std::string_view name;
  double otherwise = 0;
  std::string_view meaning;
};

/// What is known of one operation, generated from its file.
///
/// An operation with a vjp, "softmax", has a second name, "softmax_vjp". That takes the inputs, then an
/// incoming derivative for each output, and returns a derivative for each differentiable input, in the
/// order of the inputs.
struct layer_info {
  std::string_view name;
  std::span<const layer_operand> inputs;
  std::span<const layer_operand> outputs;
  std::span<const layer_attribute> attributes;
  bool has_vjp = false;
  bool is_variadic = false;  ///< any number of inputs, all like the first, and as many outputs
};

/// Computes an operation, or its vjp, on the calling thread. `gradient` is read by a vjp only. Attributes that
/// are missing take their defaults. Throws std::invalid_argument where the number of inputs, a shape, an index
/// or an attribute is impossible, naming it and what would be right.
using layer_function = std::vector<tensor> (*)(const policy<binary32>&, derivative gradient,
                                               std::span<const tensor> inputs,
                                               const layer_attributes&);

}  // namespace pamkit
