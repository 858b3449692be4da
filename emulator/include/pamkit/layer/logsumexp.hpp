#pragma once

#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// pad(floor(max t) + palog2(sum(e)), log2e) of each row, e = paexp2(t - floor(max t)), t = pam(x,
/// log2e). A masked row is -infinity.
struct logsumexp {
  static constexpr std::string_view name = "logsumexp";
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
      row(y, 1, r)[0] = detail::row_logsumexp<A>(s, row(x, l.length, r)).value.bits;
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
      const detail::row_logsumexp<A> value(s, row(x, l.length, r));
      const detail::word d_e = value.vjp({row(c.inputs[1], 1, r)[0]});
      const auto out = row(dx, l.length, r);
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = value.parts.vjp(i, d_e).bits;
    }
    return {std::move(dx)};
  }
};

}  // namespace pamkit::layer
