#pragma once

#include "kernels.hpp"
#include "pamkit/arith/pam.hpp"

namespace pamkit::simd::arith {

/// The vector kernels of piecewise affine multiplication.
struct pam {
  using arithmetic = pamkit::arith::pam;
  static contraction_function contraction(contraction_kind kind, derivative gradient) {
    return pam_contraction(kind, gradient);
  }
  static void arranged(contraction_kind kind, derivative gradient, const policy<binary32>& rules,
                       const arrangement& a) {
    pam_arranged(kind, gradient, rules, a);
  }
  static elementwise_function elementwise(std::string_view operation) {
    return pam_elementwise(operation);
  }
  static layer_function layer(std::string_view operation) { return pam_layer(operation); }
};

}  // namespace pamkit::simd::arith
