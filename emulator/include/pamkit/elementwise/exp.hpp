#pragma once

#include "pamkit/operation.hpp"

namespace pamkit::elementwise {

/// e to the power x: the arithmetic's own, or paexp(x) = paexp2(pam(x, log2 e)) without compensation (Eq. 18).
struct exp {
  static constexpr std::string_view name = "exp";
  static constexpr int arity = 1;

  template <class A, class F>
    requires requires(policy<F> p, encoding<F> x) { A::exp(p, x); } ||
             requires(policy<F> p, encoding<F> x) { A::exp2(p, A::mul(p, x, x)); }
  PAMKIT_HD static constexpr encoding<F> apply(const policy<F>& p, encoding<F> x) {
    if constexpr (requires { A::exp(p, x); }) {
      return A::exp(p, x);
    } else {
      const policy<F> plain = p.uncompensated();
      return A::exp2(plain, A::mul(plain, x, log2_e(p.format)));
    }
  }
};

}  // namespace pamkit::elementwise
