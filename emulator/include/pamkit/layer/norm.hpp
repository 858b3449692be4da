#pragma once

#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// pasqrt(sum of pam(x, x)) of each row: its Euclidean norm.
struct norm {
  static constexpr std::string_view name = "norm";
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
    tensor y = tensor_of_shape(reduced_shape(x));
    for (std::int64_t r = 0; r < l.rows; ++r) {
      row(y, 1, r)[0] = s.sqrt(square_sum(s, row(x, l.length, r))).bits;
    }
    return {std::move(y)};
  }

  template <class A>
  static std::vector<tensor> vjp(const layer_call& c) {
    const auto s = c.steps<A>();
    const tensor& x = c.inputs[0];
    const row_layout l = rows_of(c, x);
    require_shape(c, "d_y", c.inputs[1], reduced_shape(x));
    tensor dx = tensor_of_shape(x.shape);
    for (std::int64_t r = 0; r < l.rows; ++r) {
      const detail::word_row in = row(x, l.length, r);
      const detail::word d = s.sqrt_vjp(square_sum(s, in), {row(c.inputs[1], 1, r)[0]});
      const auto out = row(dx, l.length, r);
      for (std::size_t i = 0; i < in.size(); ++i) out[i] = s.square_vjp({in[i]}, d).bits;
    }
    return {std::move(dx)};
  }

 private:
  template <class A>
  static detail::word square_sum(const detail::layer_steps<A>& s, detail::word_row x) {
    return detail::lane_sum(x.size(), [&](std::size_t i) { return s.mul({x[i]}, {x[i]}); });
  }
};

}  // namespace pamkit::layer
