#pragma once

#include <cstdint>
#include <utility>

#include "pamkit/tensor/contraction.hpp"

namespace pamkit::simd {

/// A matrix in memory.
struct strided {
  const float* data = nullptr;
  std::int64_t row = 0;
  std::int64_t column = 0;

  const float* at(std::int64_t i, std::int64_t j) const { return data + i * row + j * column; }
  strided transposed() const { return {data, column, row}; }
};

/// One batch element of a contraction of any kind as a product of a left (rows x terms) and a right
/// (terms x columns) matrix, sums along ascending terms.
struct arrangement {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t terms = 0;
  strided left;
  strided right;
  strided own;  ///< rows x columns: of a vjp, the operand that the derivative is taken in
  float* out = nullptr;
  std::int64_t out_row = 0;
  std::int64_t out_column = 0;
  /// Which side holds the product's second operand, or, of a vjp, the other factor (not the
  /// incoming derivative; the linear vjps multiply mul(d, factor)).
  bool factor_on_left = false;
};

/// Whether the sides are exchanged: where that makes the output's rows contiguous.
inline bool exchanges_sides(const contraction_problem& c) {
  return c.out.column_stride != 1 && c.out.row_stride == 1;
}

/// Which side arrange() puts the factor on.
inline bool factor_on_left(contraction_kind kind, const contraction_problem& c) {
  return (kind == contraction_kind::vjp_b) != exchanges_sides(c);
}

/// Arranges batch element `index`; the factor is on the side that factor_on_left() says.
inline arrangement arrange(contraction_kind kind, const contraction_problem& c,
                           std::int64_t index) {
  const auto read = [&](const matrix_view& v) {
    return strided{v.data + index * v.batch_stride, v.row_stride, v.column_stride};
  };
  arrangement r;
  r.out = c.out.data + index * c.out.batch_stride;
  r.out_row = c.out.row_stride;
  r.out_column = c.out.column_stride;
  r.rows = output_rows(kind, c);
  r.columns = output_columns(kind, c);
  switch (kind) {
    case contraction_kind::product:
      r.terms = c.k;
      r.left = read(c.a);
      r.right = read(c.b);
      break;
    case contraction_kind::vjp_a:
      r.terms = c.n;
      r.left = read(c.d);
      r.right = read(c.b).transposed();
      r.own = read(c.a);
      break;
    case contraction_kind::vjp_b:
      r.terms = c.m;
      r.left = read(c.a).transposed();
      r.right = read(c.d);
      r.own = read(c.b);
      break;
  }
  r.factor_on_left = factor_on_left(kind, c);
  if (exchanges_sides(c)) {
    const strided left = r.left;
    r.left = r.right.transposed();
    r.right = left.transposed();
    r.own = r.own.transposed();
    std::swap(r.out_row, r.out_column);
    std::swap(r.rows, r.columns);
  }
  return r;
}

}  // namespace pamkit::simd
