#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/cuda/execution.hpp"
#include "pamkit/cuda/kernel/columns.cuh"
#include "pamkit/cuda/kernel/conv2d_direct.cuh"
#include "pamkit/cuda/kernel/elements.cuh"
#include "pamkit/cuda/kernel/rows.cuh"
#include "pamkit/layer/adamw_step.hpp"
#include "pamkit/layer_definition.hpp"

/// Launches of the kernels that layers are made of, on tensors in memory of this process.

namespace pamkit::cuda {

using words = std::vector<std::uint32_t>;

/// What one launch reads and writes: hands out addresses and remembers the memory behind them.
class launch_memory {
 public:
  const std::uint32_t* in(std::span<const std::uint32_t> w) {
    regions_.push_back({w.data(), w.size_bytes(), false});
    return w.data();
  }
  std::uint32_t* out(std::span<std::uint32_t> w) {
    regions_.push_back({w.data(), w.size_bytes(), true});
    return w.data();
  }
  const std::vector<memory_region>& regions() const { return regions_; }

 private:
  std::vector<memory_region> regions_;
};

/// Launches kernel "pamkit_NAME" with `blocks` blocks, if that is not 0.
template <class Parameters>
void run_kernel(executor execute, std::string_view name, std::int64_t blocks, const Parameters& p,
                const launch_memory& memory) {
  const std::string entry = "pamkit_" + std::string(name);
  const launch l{.kernel = entry,
                 .blocks = checked_blocks(entry, std::span(&blocks, 1)),
                 .parameters = &p,
                 .parameter_bytes = sizeof p,
                 .memory = memory.regions()};
  if (l.blocks != 0) execute(l);
}

/// "softmax" over pam: "softmax_pam".
inline std::string kernel_of(std::string_view operation, std::string_view arithmetic) {
  return std::string(operation) + "_" + std::string(arithmetic);
}

/// The parameters of kernel "adamw_step" but for the number of elements and where they lie.
inline adamw_parameters adamw_parameters_of(const layer_call& c) {
  const layer::adamw_step::scalars s(c);
  adamw_parameters p;
  p.rules = c.rules.uncompensated();
  p.b1 = s.b1;
  p.b2 = s.b2;
  p.rest1 = s.rest1;
  p.rest2 = s.rest2;
  p.eps = s.eps;
  p.decay = s.decay;
  p.step = s.step;
  return p;
}

/// A kernel along rows, as warps.
inline void run_rows(executor execute, std::string_view name, const row_parameters& p,
                     const launch_memory& memory) {
  run_kernel(execute, name, pieces(p.rows, row_kernel<sum_step>::rows_per_block), p, memory);
}

/// A kernel on independent words.
inline void run_elements(executor execute, std::string_view name, const element_parameters& p,
                         const launch_memory& memory) {
  run_kernel(execute, name, pieces(p.count, kElementThreads), p, memory);
}

/// Column sums of x; `p` has everything but the addresses.
inline words sums_of_columns(executor execute, column_parameters p, const words& x) {
  const std::int64_t blocks = pieces(p.rows, column_block_sums::block_rows);
  words partial(static_cast<std::size_t>(blocks * p.columns));
  words sums(static_cast<std::size_t>(p.columns));
  launch_memory first;
  p.x = first.in(x);
  p.y = first.out(partial);
  run_kernel(execute, "column_block_sums", pieces(blocks * p.columns, column_block_sums::threads),
             p, first);
  launch_memory second;
  column_parameters totals;
  totals.rows = blocks;
  totals.columns = p.columns;
  totals.x = second.in(partial);
  totals.y = second.out(sums);
  run_kernel(execute, "column_totals", pieces(p.columns, column_totals::threads), totals, second);
  return sums;
}

/// Of a dense matrix of rows.
inline column_parameters columns_of_rows(std::int64_t rows, std::int64_t columns) {
  column_parameters p;
  p.rows = rows;
  p.columns = columns;
  p.inner = rows == 0 ? 1 : rows;
  p.inner_stride = columns;
  return p;
}

/// Words times one factor, where the mask (if any) is not 0: "scale" or, with d, "scale_vjp".
inline words scaled(executor execute, std::string_view arithmetic, const layer_call& c,
                    const words& x, const words* d, const words* mask, word factor) {
  words y(x.size());
  const words factors = {factor.bits};
  launch_memory memory;
  element_parameters p;
  p.rules = c.rules.uncompensated();
  p.gradient = c.gradient;
  p.count = static_cast<std::int64_t>(x.size());
  p.x = memory.in(x);
  if (d != nullptr) p.d = memory.in(*d);
  if (mask != nullptr) p.mask = memory.in(*mask);
  p.factor = memory.in(factors);
  p.y = memory.out(y);
  run_elements(execute, kernel_of(d == nullptr ? "scale" : "scale_vjp", arithmetic), p, memory);
  return y;
}

}  // namespace pamkit::cuda
