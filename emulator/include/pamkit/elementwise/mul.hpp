#pragma once

#include "pamkit/operation.hpp"

namespace pamkit::elementwise {

/// The product of the arithmetic.
struct mul {
  static constexpr std::string_view name = "mul";
  static constexpr int arity = 2;

  template <class A, class F>
    requires requires(policy<F> p, encoding<F> x) { A::mul(p, x, x); }
  PAMKIT_HD static constexpr encoding<F> apply(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return A::mul(p, a, b);
  }
};

}  // namespace pamkit::elementwise
