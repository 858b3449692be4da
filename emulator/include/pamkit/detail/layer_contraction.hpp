#pragma once

#include <bit>
#include <vector>

#include "pamkit/detail/layer_steps.hpp"
#include "pamkit/layer_definition.hpp"
#include "pamkit/tensor/contraction.hpp"

/// What layers are made of, by definition. A backend with kernels for these parts gives the layers
/// others with the same functions.

namespace pamkit::detail {

/// Encodings as the floats that contractions read.
inline std::vector<float> as_floats(std::span<const std::uint32_t> x) {
  std::vector<float> floats;
  floats.reserve(x.size());
  for (const std::uint32_t e : x) floats.push_back(std::bit_cast<float>(e));
  return floats;
}

struct defined_parts {
  /// Every output of one contraction, row-major; `problem.out` is not read.
  template <class A>
  static std::vector<std::uint32_t> contract(const layer_call& c, contraction_kind kind,
                                             const contraction_problem& problem) {
    const contraction_definition<A> definition{c.rules, c.gradient};
    std::vector<std::uint32_t> out;
    for (std::int64_t batch = 0; batch < problem.batch; ++batch) {
      for (std::int64_t row = 0; row < output_rows(kind, problem); ++row) {
        for (std::int64_t column = 0; column < output_columns(kind, problem); ++column) {
          out.push_back(definition.element(kind, problem, batch, row, column).bits);
        }
      }
    }
    return out;
  }

  /// The softmax of each row of x.
  template <class A>
  static tensor softmax(const layer_call& c, const tensor& x) {
    const auto s = c.steps<A>();
    tensor y = tensor_of_shape(x.shape);
    const row_layout l = rows_of(c, x);
    for (std::int64_t r = 0; r < l.rows; ++r) {
      softmax_row(s, row(x, l.length, r), row(y, l.length, r));
    }
    return y;
  }

  /// Its derivative, for d towards the softmax.
  template <class A>
  static tensor softmax_vjp(const layer_call& c, const tensor& x, const tensor& d) {
    const auto s = c.steps<A>();
    tensor dx = tensor_of_shape(x.shape);
    const row_layout l = rows_of(c, x);
    for (std::int64_t r = 0; r < l.rows; ++r) {
      softmax_row_vjp(s, row(x, l.length, r), row(d, l.length, r), row(dx, l.length, r));
    }
    return dx;
  }
};

}  // namespace pamkit::detail
