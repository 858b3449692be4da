#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/tensor/layer.hpp"

namespace pamkit::properties {

/// The shapes of a tensor operation's operands, and its scalars.
struct layer_shape {
  std::vector<std::vector<std::int64_t>> tensors;
  layer_attributes attributes;

  /// "2x33,33,33/eps=0.5": the shapes, then the attributes; a scalar's shape is "1x".
  std::string text() const;
};

/// Reads what `text` writes; nothing where it is no shape. A shape of more than 2^20 elements is none.
std::optional<layer_shape> parse_layer_shape(std::string_view text);

/// Elements of one tensor of such a shape.
std::int64_t elements_of(const std::vector<std::int64_t>& tensor_shape);

}  // namespace pamkit::properties
