#pragma once

#include "pamkit/operation.hpp"

namespace pamkit::elementwise {

/// x to the power y: the arithmetic's own, or papow(x, y) = paexp2(pam(palog2(x), y)) without compensation.
/// A zero x of either sign gives +0 for y > 0, 1 for y = 0, infinity for y < 0; the composition decides the
/// rest, so that papow(inf, 0), papow(1, inf) and papow(x < 0, y) are NaN.
struct pow {
  static constexpr std::string_view name = "pow";
  static constexpr int arity = 2;

  template <class A, class F>
    requires requires(policy<F> p, encoding<F> x) { A::pow(p, x, x); } ||
             requires(policy<F> p, encoding<F> x) { A::exp2(p, A::mul(p, A::log2(p, x), x)); }
  PAMKIT_HD static constexpr encoding<F> apply(const policy<F>& p, encoding<F> x, encoding<F> y) {
    if constexpr (requires { A::pow(p, x, y); }) {
      return A::pow(p, x, y);
    } else {
      const policy<F> plain = p.uncompensated();
      if (is_nan(x) || is_nan(y)) return canonical_nan<F>();
      if (detail::is_zero(plain, x)) {
        if (detail::is_zero(plain, y)) return pack<F>(false, one_magnitude<F>);
        return sign(y) ? detail::infinite_result(plain, false) : pack<F>(false, 0);
      }
      return A::exp2(plain, A::mul(plain, A::log2(plain, x), y));
    }
  }
};

}  // namespace pamkit::elementwise
