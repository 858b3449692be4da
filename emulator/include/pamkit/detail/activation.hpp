#pragma once

#include <numbers>

#include "pamkit/layer_definition.hpp"

/// What the layers share that apply one function to each element.

namespace pamkit::detail {

/// 1 / (1 + 2^-t) is a quotient by this: paexp2(-t) and 1 + it.
template <class A>
struct logistic_bottom {
  word exponent;  ///< -t
  word power;     ///< paexp2(-t)
  word sum;       ///< 1 + paexp2(-t)

  PAMKIT_HD logistic_bottom(const layer_steps<A>& s, word t)
      : exponent(negated(t)), power(s.exp2(exponent)), sum(add(layer_steps<A>::one(), power)) {}

  /// The derivative towards t of what reaches the sum.
  PAMKIT_HD word vjp(const layer_steps<A>& s, word d_sum) const {
    return negated(s.exp2_vjp(exponent, power, d_sum));
  }
};

/// A layer that is `Function::value(steps, x)` of each element x; `Function::vjp_of(steps, x, d)` its
/// derivative, applied to d.
template <class Function>
struct activation_layer {
  static constexpr layer_operand inputs[] = {{.name = "x", .is_differentiable = true}};
  static constexpr layer_operand outputs[] = {{.name = "y"}};
  static constexpr std::array<layer_attribute, 0> attributes{};
  template <class A>
  static constexpr bool is_defined = has_functions<A>;

  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const auto s = c.steps<A>();
    return map(c.inputs[0], [&](word x, std::size_t) { return Function::value(s, x); });
  }

  template <class A>
  static std::vector<tensor> vjp(const layer_call& c) {
    const auto s = c.steps<A>();
    require_shape(c, "d_y", c.inputs[1], c.inputs[0].shape);
    return map(c.inputs[0], [&](word x, std::size_t i) {
      return Function::vjp_of(s, x, {c.inputs[1].encodings[i]});
    });
  }

 private:
  template <class Map>
  static std::vector<tensor> map(const tensor& x, const Map& f) {
    tensor y = tensor_of_shape(x.shape);
    for (std::size_t i = 0; i < y.encodings.size(); ++i) {
      y.encodings[i] = canonical(f({x.encodings[i]}, i).bits).bits;
    }
    return {std::move(y)};
  }
};

}  // namespace pamkit::detail
