#pragma once

#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// +0 where the mask drops, pam(x, RN(1 / (1 - p))) where it keeps.
struct dropout {
  static constexpr std::string_view name = "dropout";
  static constexpr layer_operand inputs[] = {{.name = "x", .is_differentiable = true},
                                             {.name = "keep", .is_integer = true}};
  static constexpr layer_operand outputs[] = {{.name = "y"}};
  static constexpr layer_attribute attributes[] = {
      {.name = "p", .otherwise = 0.1, .meaning = "share of dropped elements, below 1"}};
  template <class A>
  static constexpr bool is_defined = detail::has_functions<A>;

  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const auto s = c.steps<A>();
    return over_kept(c, [&](std::size_t i, detail::word factor) {
      return s.mul({c.inputs[0].encodings[i]}, factor);
    });
  }

  template <class A>
  static std::vector<tensor> vjp(const layer_call& c) {
    const auto s = c.steps<A>();
    require_shape(c, "d_y", c.inputs[2], c.inputs[0].shape);
    return over_kept(c, [&](std::size_t i, detail::word factor) {
      return s.mul_vjp_a({c.inputs[0].encodings[i]}, factor, {c.inputs[2].encodings[i]});
    });
  }

 protected:
  /// RN(1 / (1 - p)), once the operands are checked.
  static detail::word checked_factor(const layer_call& c) {
    require_shape(c, "keep", c.inputs[1], c.inputs[0].shape);
    const double p = c.attribute("p");
    c.require(p >= 0 && p < 1, "p must lie in [0, 1)");
    return detail::from_host(1 / (1 - p));
  }

 private:
  template <class Function>
  static std::vector<tensor> over_kept(const layer_call& c, const Function& f) {
    const detail::word factor = checked_factor(c);
    tensor y = tensor_of_shape(c.inputs[0].shape);
    for (std::size_t i = 0; i < y.encodings.size(); ++i) {
      if (c.inputs[1].encodings[i] != 0) y.encodings[i] = f(i, factor).bits;
    }
    return {std::move(y)};
  }
};

}  // namespace pamkit::layer
