#pragma once

#include "pamkit/operation.hpp"

namespace pamkit::elementwise {

/// The quotient a / b of the arithmetic.
struct div {
  static constexpr std::string_view name = "div";
  static constexpr int arity = 2;

  template <class A, class F>
    requires requires(policy<F> p, encoding<F> x) { A::div(p, x, x); }
  PAMKIT_HD static constexpr encoding<F> apply(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return A::div(p, a, b);
  }
};

}  // namespace pamkit::elementwise
