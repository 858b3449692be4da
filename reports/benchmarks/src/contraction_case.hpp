#pragma once

#include "measurement.hpp"

namespace pamkit::benchmarks {

/// A matrix product, or the derivative of one, to measure.
struct contraction_task {
  std::string name = "matmul";
  std::string arithmetic = "pam";
  std::string data = "plain";
  std::string format = "binary32";  ///< how memory holds the operands of a product
  std::int64_t batch = 1;
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  bool is_b_transposed = false;  ///< b is stored as n x k
  contraction_kind kind = contraction_kind::product;
  derivative gradient = derivative::approx;
};

/// Which elements of a result are compared with the definition's: all of them, or, of large tasks,
/// those of every `step`-th row and of every `step`-th column. With steps of at most 16 there is no
/// tile of registers without one.
struct comparison {
  std::int64_t step = 1;
  bool includes(std::int64_t row, std::int64_t column) const {
    return row % step == step / 2 || column % step == step / 2;
  }
};

/// For a task of so many terms: the definition is to compute at most about 2^27 of them, unless the
/// step is 16.
comparison comparison_for(double terms);

/// The simd backend's kernel beside the scalar definition and, where that is another one, the
/// kernel of `exact`: multiply, then add, in the same frame. Operands in 16 or 8 bits have the same
/// kernel on the same values in binary32 beside them. The shape is "MxNxK", with "BATCH of "
/// in front.
measured_case contraction_case(const contraction_task& task);

}  // namespace pamkit::benchmarks
