#pragma once

#include "pamkit/operation.hpp"

namespace pamkit::elementwise {

/// The slope of exp2.
struct exp2_da {
  static constexpr std::string_view name = "exp2_da";
  static constexpr int arity = 1;

  template <class A, class F>
    requires requires(policy<F> p, encoding<F> x) { A::exp2_da(p, x); }
  PAMKIT_HD static constexpr encoding<F> apply(const policy<F>& p, encoding<F> x) {
    return A::exp2_da(p, x);
  }
};

}  // namespace pamkit::elementwise
