#pragma once

#include "pamkit/operation.hpp"

namespace pamkit::elementwise {

/// The slope of the product in its first operand.
struct mul_da {
  static constexpr std::string_view name = "mul_da";
  static constexpr int arity = 2;

  template <class A, class F>
    requires requires(policy<F> p, encoding<F> x) { A::mul_da(p, x, x); }
  PAMKIT_HD static constexpr encoding<F> apply(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return A::mul_da(p, a, b);
  }
};

}  // namespace pamkit::elementwise
