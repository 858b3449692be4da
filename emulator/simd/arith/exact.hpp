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
  static elementwise_function elementwise(std::string_view operation) {
    return exact_elementwise(operation);
  }
};

}  // namespace pamkit::simd::arith
