#pragma once

#include "pamkit/operation.hpp"

namespace pamkit::elementwise {

/// The slope of the quotient in its second operand.
struct div_db {
  static constexpr std::string_view name = "div_db";
  static constexpr int arity = 2;

  template <class A, class F>
    requires requires(policy<F> p, encoding<F> x) { A::div_db(p, x, x); }
  PAMKIT_HD static constexpr encoding<F> apply(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return A::div_db(p, a, b);
  }
};

}  // namespace pamkit::elementwise
