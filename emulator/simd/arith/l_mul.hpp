#pragma once

#include "kernels.hpp"
#include "pamkit/arith/l_mul.hpp"

namespace pamkit::simd::arith {

/// L-Mul is pam with a fixed compensation, which comes with the rules: it shares pam's
/// contractions.
struct l_mul {
  using arithmetic = pamkit::arith::l_mul;
  static contraction_function contraction(contraction_kind kind, derivative gradient) {
    return pam_contraction(kind, gradient);
  }
  static void arranged(contraction_kind kind, derivative gradient, const policy<binary32>& rules,
                       const arrangement& a) {
    pam_arranged(kind, gradient, rules, a);
  }
  static elementwise_function elementwise(std::string_view operation) {
    return l_mul_elementwise(operation);
  }
  static layer_function layer(std::string_view operation) { return sum_layer(operation); }
};

}  // namespace pamkit::simd::arith
