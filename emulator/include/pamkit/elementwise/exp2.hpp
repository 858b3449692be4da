#pragma once

#include "pamkit/operation.hpp"

namespace pamkit::elementwise {

/// 2 to the power x.
struct exp2 {
  static constexpr std::string_view name = "exp2";
  static constexpr int arity = 1;

  template <class A, class F>
    requires requires(policy<F> p, encoding<F> x) { A::exp2(p, x); }
  PAMKIT_HD static constexpr encoding<F> apply(const policy<F>& p, encoding<F> x) {
    return A::exp2(p, x);
  }
};

}  // namespace pamkit::elementwise
