#pragma once

#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// pad(e, sum(e)) of each row, e = paexp2(t - floor(max t)), t = pam(x, log2e). A masked element (t
/// = -infinity) has +0, and so has a row of nothing else; a row with +infinity is NaN.
struct softmax {
  static constexpr std::string_view name = "softmax";
  static constexpr layer_operand inputs[] = {{.name = "x", .is_differentiable = true}};
  static constexpr layer_operand outputs[] = {{.name = "y"}};
  static constexpr std::array<layer_attribute, 0> attributes{};
  template <class A>
  static constexpr bool is_defined = detail::has_functions<A>;

  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const auto s = c.steps<A>();
    const tensor& x = c.inputs[0];
    const row_layout l = rows_of(c, x);
    tensor y = tensor_of_shape(x.shape);
    for (std::int64_t r = 0; r < l.rows; ++r)
      detail::softmax_row(s, row(x, l.length, r), row(y, l.length, r));
    return {std::move(y)};
  }

  template <class A>
  static std::vector<tensor> vjp(const layer_call& c) {
    const auto s = c.steps<A>();
    const tensor& x = c.inputs[0];
    const row_layout l = rows_of(c, x);
    require_shape(c, "d_y", c.inputs[1], x.shape);
    tensor dx = tensor_of_shape(x.shape);
    for (std::int64_t r = 0; r < l.rows; ++r) {
      detail::softmax_row_vjp(s, row(x, l.length, r), row(c.inputs[1], l.length, r),
                              row(dx, l.length, r));
    }
    return {std::move(dx)};
  }
};

}  // namespace pamkit::layer
