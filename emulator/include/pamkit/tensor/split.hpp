#pragma once

#include <algorithm>
#include <vector>

#include "pamkit/tensor/contraction.hpp"

namespace pamkit {

namespace detail {

inline matrix_view shifted(const matrix_view& v, std::int64_t batch, std::int64_t row,
                           std::int64_t column) {
  return v.from(batch * v.batch_stride + row * v.row_stride + column * v.column_stride);
}

inline matrix_output shifted(matrix_output v, std::int64_t batch, std::int64_t row,
                             std::int64_t column) {
  v.data += batch * v.batch_stride + row * v.row_stride + column * v.column_stride;
  return v;
}

}  // namespace detail

/// The part of a contraction that gives the outputs [batch, batch + batches) x [row, row + rows) x
/// [column, column + columns). Every output keeps its whole sum, so its bits are those of the whole
/// problem's.
inline contraction_problem block(const contraction_problem& c, contraction_kind kind,
                                 std::int64_t batch, std::int64_t batches, std::int64_t row,
                                 std::int64_t rows, std::int64_t column, std::int64_t columns) {
  contraction_problem part = c;
  part.batch = batches;
  // Where the block starts on the axes m, n and k of the product.
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  switch (kind) {
    case contraction_kind::product:
      m = row;
      n = column;
      part.m = rows;
      part.n = columns;
      break;
    case contraction_kind::vjp_a:
      m = row;
      k = column;
      part.m = rows;
      part.k = columns;
      break;
    case contraction_kind::vjp_b:
      k = row;
      n = column;
      part.k = rows;
      part.n = columns;
      break;
  }
  part.a = detail::shifted(c.a, batch, m, k);
  part.b = detail::shifted(c.b, batch, k, n);
  if (kind != contraction_kind::product) part.d = detail::shifted(c.d, batch, m, n);
  part.out = detail::shifted(c.out, batch, row, column);
  return part;
}

/// Splits a contraction into at most `parts` (>= 1) independent ones of about equal work that
/// together write every output once: by batch elements if there are enough, else by the longer of
/// the output's two axes. Sums are never split, so bits do not depend on the number of parts; who
/// computes which part, and when, is free. None for an output without elements.
inline std::vector<contraction_problem> split(const contraction_problem& c, contraction_kind kind,
                                              std::int64_t parts) {
  const std::int64_t rows = output_rows(kind, c);
  const std::int64_t columns = output_columns(kind, c);
  std::vector<contraction_problem> result;
  if (c.batch == 0 || rows == 0 || columns == 0) return result;
  const bool by_batch = c.batch >= parts;
  const bool by_rows = !by_batch && rows >= columns;
  const std::int64_t length = by_batch ? c.batch : by_rows ? rows : columns;
  parts = std::clamp<std::int64_t>(parts, 1, length);
  for (std::int64_t i = 0; i < parts; ++i) {
    const std::int64_t first = length * i / parts;
    const std::int64_t count = length * (i + 1) / parts - first;
    if (by_batch) {
      result.push_back(block(c, kind, first, count, 0, rows, 0, columns));
    } else if (by_rows) {
      result.push_back(block(c, kind, 0, c.batch, first, count, 0, columns));
    } else {
      result.push_back(block(c, kind, 0, c.batch, 0, rows, first, count));
    }
  }
  return result;
}

}  // namespace pamkit
