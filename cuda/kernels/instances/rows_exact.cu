// Layers along rows over exact, but for those with exponentials and logarithms: these are the C library's, and have no
// device form.
#include "pamkit/arith/exact.hpp"
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/rows.cuh"

PAMKIT_KERNELS_BEGIN(rows_exact)
PAMKIT_KERNEL(square_sum_exact, row_kernel<square_sum_step<arith::exact>>)
PAMKIT_KERNEL(mean_exact, row_kernel<mean_step<arith::exact>>)
PAMKIT_KERNEL(mean_vjp_exact, row_kernel<mean_vjp_step<arith::exact>>)
PAMKIT_KERNEL(norm_exact, row_kernel<norm_step<arith::exact>>)
PAMKIT_KERNEL(norm_vjp_exact, row_kernel<norm_vjp_step<arith::exact>>)
PAMKIT_KERNEL(layer_norm_exact, row_kernel<layer_norm_step<arith::exact>>)
PAMKIT_KERNEL(layer_norm_vjp_exact, row_kernel<layer_norm_vjp_step<arith::exact>>)
PAMKIT_KERNELS_END
