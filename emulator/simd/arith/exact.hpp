#pragma once

#include "kernels.hpp"
#include "pamkit/arith/exact.hpp"

namespace pamkit::simd::arith {

/// The vector kernels of IEEE 754 arithmetic.
struct exact {
  using arithmetic = pamkit::arith::exact;
  static contraction_function contraction(contraction_kind kind, derivative gradient) {
    return exact_contraction(kind, gradient);
  }
  static void arranged(contraction_kind kind, derivative gradient, const policy<binary32>& rules,
                       const arrangement& a) {
    exact_arranged(kind, gradient, rules, a);
  }
  static elementwise_function elementwise(std::string_view operation) {
    return exact_elementwise(operation);
  }
  static layer_function layer(std::string_view operation) { return sum_layer(operation); }
};

}  // namespace pamkit::simd::arith
