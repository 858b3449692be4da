#pragma once

#include "pamkit/elementwise/pow.hpp"

namespace pamkit::elementwise {

/// The square root: the arithmetic's own, or pasqrt(x) = papow(x, 1/2) (Eq. 20); pasqrt(-0) is +0.
struct sqrt {
  static constexpr std::string_view name = "sqrt";
  static constexpr int arity = 1;

  template <class A, class F>
    requires requires(policy<F> p, encoding<F> x) { A::sqrt(p, x); } ||
             requires(policy<F> p, encoding<F> x) { pow::apply<A>(p, x, x); }
  PAMKIT_HD static constexpr encoding<F> apply(const policy<F>& p, encoding<F> x) {
    if constexpr (requires { A::sqrt(p, x); }) {
      return A::sqrt(p, x);
    } else {
      return pow::apply<A>(p, x, one_half<F>());
    }
  }
};

}  // namespace pamkit::elementwise
