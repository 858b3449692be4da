#pragma once

#include "pamkit/cuda/operand.cuh"
#include "pamkit/detail/sum.hpp"

namespace pamkit::cuda {

/// Sums down columns (docs/specification.md, section 11.2): blocks of 128 consecutive rows, then
/// the block sums. Row r of column c lies at x[r / inner * outer_stride + r % inner * inner_stride
/// + c * column_stride].
struct column_parameters {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t inner = 1;
  std::int64_t outer_stride = 0;
  std::int64_t inner_stride = 0;
  std::int64_t column_stride = 1;
  const std::uint32_t* x = nullptr;
  std::uint32_t* y = nullptr;  ///< [row blocks, columns], and [columns]
};

/// The sums of the row blocks: one thread each. Neighbours have neighbouring columns.
struct column_block_sums {
  using parameters = column_parameters;
  static constexpr int threads = 128;
  static constexpr std::int64_t block_rows = 128;
  struct shared_memory {};

  template <class Thread>
  PAMKIT_DEVICE static void run(const Thread& thread, shared_memory&, const parameters& p) {
    const std::int64_t at = std::int64_t{thread.block()} * threads + thread.index();
    const std::int64_t first = at / p.columns * block_rows;
    if (first >= p.rows) return;
    const std::int64_t end = first + block_rows < p.rows ? first + block_rows : p.rows;
    const std::uint32_t* const column = p.x + at % p.columns * p.column_stride;
    word sum{};
    PAMKIT_ROLLED
    for (std::int64_t r = first; r < end; ++r) {
      sum = detail::add(sum, {column[r / p.inner * p.outer_stride + r % p.inner * p.inner_stride]});
    }
    p.y[at] = sum.bits;
  }
};

/// The sum of each column of x [rows, columns] in ascending order; rows are block sums.
struct column_totals {
  using parameters = column_parameters;
  static constexpr int threads = 128;
  struct shared_memory {};

  template <class Thread>
  PAMKIT_DEVICE static void run(const Thread& thread, shared_memory&, const parameters& p) {
    const std::int64_t column = std::int64_t{thread.block()} * threads + thread.index();
    if (column >= p.columns) return;
    word sum{};
    PAMKIT_ROLLED
    for (std::int64_t r = 0; r < p.rows; ++r) sum = detail::add(sum, {p.x[r * p.columns + column]});
    p.y[column] = sum.bits;
  }
};

}  // namespace pamkit::cuda
