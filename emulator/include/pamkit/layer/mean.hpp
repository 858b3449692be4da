#pragma once

#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// pad(sum(x), n) of each row of n elements. An empty row has NaN.
struct mean {
  static constexpr std::string_view name = "mean";
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
    for (std::int64_t r = 0; r < l.rows; ++r)
      row(y, 1, r)[0] = mean_of(s, row(x, l.length, r)).mean.bits;
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
      const detail::word d{row(c.inputs[1], 1, r)[0]};
      std::ranges::fill(row(dx, l.length, r), mean_of(s, row(x, l.length, r)).vjp(s, d).bits);
    }
    return {std::move(dx)};
  }

 private:
  template <class A>
  static detail::row_mean<A> mean_of(const detail::layer_steps<A>& s, detail::word_row x) {
    return {s, detail::lane_sum(x), x.size()};
  }
};

}  // namespace pamkit::layer
