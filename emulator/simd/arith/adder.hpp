#pragma once

#include "kernels.hpp"
#include "pamkit/arith/adder.hpp"

namespace pamkit::simd::arith {

/// The vector kernels of AdderNet's operation.
struct adder {
  using arithmetic = pamkit::arith::adder;
  static contraction_function contraction(contraction_kind kind, derivative gradient) {
    return adder_contraction(kind, gradient);
  }
  static void arranged(contraction_kind kind, derivative gradient, const policy<binary32>& rules,
                       const arrangement& a) {
    adder_arranged(kind, gradient, rules, a);
  }
  static elementwise_function elementwise(std::string_view operation) {
    return adder_elementwise(operation);
  }
  static layer_function layer(std::string_view operation) { return sum_layer(operation); }
};

}  // namespace pamkit::simd::arith
