#pragma once

#include <bit>
#include <cstdint>

#include "pamkit/arithmetic.hpp"
#include "pamkit/detail/sum.hpp"
#include "pamkit/tensor/element.hpp"

/// Matrix products and their derivatives as one operation: a sum of terms over one axis, in ascending index,
/// in one binary32 accumulator per output that starts at +0. The order is part of the result.

namespace pamkit {

/// With a: m x k, b: k x n and d: m x n,
///   product  out[i,j] = sum over k of mul(a[i,k], b[k,j])
///   vjp_a    out[i,k] = sum over j of mul_vjp_a(a[i,k], b[k,j], d[i,j])
///   vjp_b    out[k,j] = sum over i of mul_vjp_b(a[i,k], b[k,j], d[i,j])
enum class contraction_kind : std::uint8_t { product, vjp_a, vjp_b };

/// A batch of matrices in memory, read as binary32 encodings. Strides count elements and may be anything, 0
/// and negative included.
struct matrix_view {
  const float* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 1;
  std::int64_t batch_stride = 0;
  /// Where it is not null the elements lie here, in `format`, and `data` is not read.
  const void* narrow = nullptr;
  element_format format = element_format::binary32;

  /// The view of the same matrices that starts `elements` further on.
  matrix_view from(std::int64_t elements) const {
    matrix_view v = *this;
    if (narrow != nullptr) {
      v.narrow = element_address(format, narrow, elements);
    } else {
      v.data += elements;
    }
    return v;
  }
};

/// A batch of result matrices; elements must not overlap each other or an operand.
struct matrix_output {
  float* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 1;
  std::int64_t batch_stride = 0;
};

/// One call: sizes are those of the product, whatever the kind. A summed axis of length 0 gives +0.
struct contraction_problem {
  std::int64_t batch = 1;
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  matrix_view a;
  matrix_view b;
  matrix_view d;  ///< the incoming derivative; not read by `product`
  matrix_output out;
};

/// Element of a view as an encoding.
PAMKIT_HD inline encoding<binary32> load(const matrix_view& v, std::int64_t batch,
                                         std::int64_t row, std::int64_t column) {
  const std::int64_t at = batch * v.batch_stride + row * v.row_stride + column * v.column_stride;
  if (v.narrow != nullptr) return {load_element(v.format, v.narrow, at)};
  return {std::bit_cast<std::uint32_t>(v.data[at])};
}

/// The definition of all three kinds over an arithmetic, element by element.
template <class A>
struct contraction_definition {
  policy<binary32> rules;
  derivative gradient = derivative::approx;

  /// One output of `kind` at (row, column) of batch element `batch`.
  PAMKIT_HD encoding<binary32> element(contraction_kind kind, const contraction_problem& c,
                                       std::int64_t batch, std::int64_t row,
                                       std::int64_t column) const {
    encoding<binary32> sum{};  // +0
    const std::int64_t terms = kind == contraction_kind::product ? c.k
                               : kind == contraction_kind::vjp_a ? c.n
                                                                 : c.m;
    for (std::int64_t t = 0; t < terms; ++t) {
      sum = detail::add(sum, term(kind, c, batch, row, column, t));
    }
    return sum;
  }

 private:
  PAMKIT_HD encoding<binary32> term(contraction_kind kind, const contraction_problem& c,
                                    std::int64_t batch, std::int64_t row, std::int64_t column,
                                    std::int64_t t) const {
    if (kind == contraction_kind::product) {
      return A::mul(rules, load(c.a, batch, row, t), load(c.b, batch, t, column));
    }
    if constexpr (requires { A::has_derivative(gradient); }) {
      if (kind == contraction_kind::vjp_a) {
        return A::mul_vjp_a(rules, gradient, load(c.a, batch, row, column),
                            load(c.b, batch, column, t), load(c.d, batch, row, t));
      }
      return A::mul_vjp_b(rules, gradient, load(c.a, batch, t, row),
                          load(c.b, batch, row, column), load(c.d, batch, t, column));
    }
    return canonical_nan<binary32>();  // not reached: an arithmetic without derivative binds no vjp
  }
};

/// Rows of the output of `kind`.
PAMKIT_HD constexpr std::int64_t output_rows(contraction_kind kind, const contraction_problem& c) {
  return kind == contraction_kind::vjp_b ? c.k : c.m;
}

/// Columns of the output of `kind`.
PAMKIT_HD constexpr std::int64_t output_columns(contraction_kind kind,
                                                const contraction_problem& c) {
  return kind == contraction_kind::vjp_a ? c.k : c.n;
}

}  // namespace pamkit
