// What needs additions only, and is the same over every arithmetic.
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/columns.cuh"
#include "pamkit/cuda/kernel/rows.cuh"

PAMKIT_KERNELS_BEGIN(sums)
PAMKIT_KERNEL(sum, row_kernel<sum_step>)
PAMKIT_KERNEL(sum_vjp, row_kernel<sum_vjp_step>)
PAMKIT_KERNEL(column_block_sums, column_block_sums)
PAMKIT_KERNEL(column_totals, column_totals)
PAMKIT_KERNELS_END
