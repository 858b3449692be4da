#pragma once

#include "kernels.hpp"
#include "pamkit/arith/power_of_two.hpp"

namespace pamkit::simd::arith {

/// The vector kernels of weights rounded to powers of two.
struct power_of_two {
  using arithmetic = pamkit::arith::power_of_two;
  static contraction_function contraction(contraction_kind kind, derivative gradient) {
    return power_of_two_contraction(kind, gradient);
  }
  static void arranged(contraction_kind kind, derivative gradient, const policy<binary32>& rules,
                       const arrangement& a) {
    power_of_two_arranged(kind, gradient, rules, a);
  }
  static elementwise_function elementwise(std::string_view operation) {
    return power_of_two_elementwise(operation);
  }
  static layer_function layer(std::string_view operation) { return sum_layer(operation); }
};

}  // namespace pamkit::simd::arith
