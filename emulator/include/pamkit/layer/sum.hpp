#pragma once

#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// The sum of each row, in the order of 32 lanes (section 11.2). An empty row has +0.
struct sum {
  static constexpr std::string_view name = "sum";
  static constexpr layer_operand inputs[] = {{.name = "x", .is_differentiable = true}};
  static constexpr layer_operand outputs[] = {{.name = "y"}};
  static constexpr std::array<layer_attribute, 0> attributes{};
  template <class A>
  static constexpr bool is_defined = true;

  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const tensor& x = c.inputs[0];
    const row_layout l = rows_of(c, x);
    tensor y = tensor_of_shape(reduced_shape(x));
    for (std::int64_t r = 0; r < l.rows; ++r)
      row(y, 1, r)[0] = detail::lane_sum(row(x, l.length, r)).bits;
    return {std::move(y)};
  }

  template <class A>
  static std::vector<tensor> vjp(const layer_call& c) {
    const tensor& x = c.inputs[0];
    const row_layout l = rows_of(c, x);
    require_shape(c, "d_y", c.inputs[1], reduced_shape(x));
    tensor dx = tensor_of_shape(x.shape);
    for (std::int64_t r = 0; r < l.rows; ++r) {
      const detail::word d = detail::canonical(row(c.inputs[1], 1, r)[0]);
      std::ranges::fill(row(dx, l.length, r), d.bits);
    }
    return {std::move(dx)};
  }
};

}  // namespace pamkit::layer
