#pragma once

#include "pamkit/operation.hpp"

namespace pamkit::elementwise {

/// The natural logarithm: the arithmetic's own, or palog(x) = pad(palog2(x), log2 e) without compensation
/// (Eq. 19).
struct log {
  static constexpr std::string_view name = "log";
  static constexpr int arity = 1;

  template <class A, class F>
    requires requires(policy<F> p, encoding<F> x) { A::log(p, x); } ||
             requires(policy<F> p, encoding<F> x) { A::div(p, A::log2(p, x), x); }
  PAMKIT_HD static constexpr encoding<F> apply(const policy<F>& p, encoding<F> x) {
    if constexpr (requires { A::log(p, x); }) {
      return A::log(p, x);
    } else {
      const policy<F> plain = p.uncompensated();
      return A::div(plain, A::log2(plain, x), log2_e(p.format));
    }
  }
};

}  // namespace pamkit::elementwise
