#pragma once

#include "pamkit/detail/activation.hpp"

namespace pamkit::layer {

/// pad(1, 1 + paexp2(-t)), t = pam(x, log2e): of 1 / (1 + e^-x). Results are in [0, 1] and grow with
/// x; NaN stays NaN.
struct sigmoid : detail::activation_layer<sigmoid> {
  static constexpr std::string_view name = "sigmoid";

  template <class A>
  static detail::word value(const detail::layer_steps<A>& s, detail::word x) {
    const detail::logistic_bottom<A> bottom(s, s.mul(x, s.log2e()));
    return s.div(s.one(), bottom.sum);
  }

  template <class A>
  static detail::word vjp_of(const detail::layer_steps<A>& s, detail::word x, detail::word d) {
    const detail::logistic_bottom<A> bottom(s, s.mul(x, s.log2e()));
    const detail::word d_t = bottom.vjp(s, s.div_vjp_b(s.one(), bottom.sum, d));
    return s.mul_vjp_a(x, s.log2e(), d_t);
  }
};

}  // namespace pamkit::layer
