#pragma once

#include "pamkit/detail/activation.hpp"

namespace pamkit::layer {

/// pad(x, 1 + paexp2(-u)), u = pam(x, c + pam(pam(x, x), d)), c = RN(2 sqrt(2 / pi) log2 e) and d =
/// RN(0.044715 c), that product in binary64: of x / (1 + e^(-2 sqrt(2 / pi) (x + 0.044715 x^3))), the
/// form of x / 2 (1 + tanh(...)) that Hendrycks and Gimpel give (arXiv:1606.08415). -infinity and NaN
/// have NaN.
struct gelu : detail::activation_layer<gelu> {
  static constexpr std::string_view name = "gelu";

  template <class A>
  static detail::word value(const detail::layer_steps<A>& s, detail::word x) {
    const parts<A> p(s, x);
    return s.div(x, p.bottom.sum);
  }

  /// x is used by its square first, then by u, and by the quotient last.
  template <class A>
  static detail::word vjp_of(const detail::layer_steps<A>& s, detail::word x, detail::word d) {
    const parts<A> p(s, x);
    const detail::word d_quotient = s.div_vjp_a(x, p.bottom.sum, d);
    const detail::word d_u = p.bottom.vjp(s, s.div_vjp_b(x, p.bottom.sum, d));
    const detail::word d_outer = s.mul_vjp_a(x, p.inner, d_u);
    const detail::word d_inner = s.mul_vjp_b(x, p.inner, d_u);
    const detail::word d_square = s.mul_vjp_a(p.square, cubic(), d_inner);
    return detail::add(detail::add(d_quotient, d_outer), s.square_vjp(x, d_square));
  }

 private:
  // sqrt(2 / pi) is sqrt 2 / sqrt pi.
  static constexpr double kLinear =
      2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi * std::numbers::log2e;
  static detail::word linear() { return detail::from_host(kLinear); }
  static detail::word cubic() { return detail::from_host(0.044715 * kLinear); }

  template <class A>
  struct parts {
    detail::word square;
    detail::word inner;  ///< c + d x^2
    detail::logistic_bottom<A> bottom;

    parts(const detail::layer_steps<A>& s, detail::word x)
        : square(s.mul(x, x)),
          inner(detail::add(s.mul(square, cubic()), linear())),
          bottom(s, s.mul(x, inner)) {}
  };
};

}  // namespace pamkit::layer
