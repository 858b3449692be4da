#pragma once

#include "pamkit/detail/activation.hpp"

namespace pamkit::layer {

/// sign(x) pad(1 - e, 1 + e), e = paexp2(-t), t = pam(abs(x), RN(2 log2 e)): of (1 - e^-2x) / (1 +
/// e^-2x) for x >= 0, odd by construction. Results are in [-1, 1] and grow with x; zeros keep their
/// sign, NaN stays NaN.
struct tanh : detail::activation_layer<tanh> {
  static constexpr std::string_view name = "tanh";

  template <class A>
  static detail::word value(const detail::layer_steps<A>& s, detail::word x) {
    const detail::logistic_bottom<A> bottom(s, s.mul(absolute(x), factor()));
    return with_sign_of(x, s.div(detail::subtract(s.one(), bottom.power), bottom.sum));
  }

  /// e is used by 1 - e first and by 1 + e last.
  template <class A>
  static detail::word vjp_of(const detail::layer_steps<A>& s, detail::word x, detail::word d) {
    const detail::logistic_bottom<A> bottom(s, s.mul(absolute(x), factor()));
    const detail::word top = detail::subtract(s.one(), bottom.power);
    const detail::word outer = with_sign_of(x, d);
    const detail::word d_top = s.div_vjp_a(top, bottom.sum, outer);
    const detail::word d_sum = s.div_vjp_b(top, bottom.sum, outer);
    const detail::word d_t = bottom.vjp(s, detail::add(d_sum, detail::negated(d_top)));
    return with_sign_of(x, s.mul_vjp_a(absolute(x), factor(), d_t));
  }

 private:
  static detail::word factor() { return detail::from_host(2 * std::numbers::log2e); }
  static detail::word absolute(detail::word x) { return {x.bits & 0x7FFFFFFFU}; }
  /// y, negated where x is negative.
  static detail::word with_sign_of(detail::word x, detail::word y) {
    return (x.bits >> 31) != 0 ? detail::negated(y) : y;
  }
};

}  // namespace pamkit::layer
