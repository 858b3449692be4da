#pragma once

#include "pamkit/operation.hpp"

namespace pamkit::elementwise {

/// The base-2 logarithm.
struct log2 {
  static constexpr std::string_view name = "log2";
  static constexpr int arity = 1;

  template <class A, class F>
    requires requires(policy<F> p, encoding<F> x) { A::log2(p, x); }
  PAMKIT_HD static constexpr encoding<F> apply(const policy<F>& p, encoding<F> x) {
    return A::log2(p, x);
  }
};

}  // namespace pamkit::elementwise
