// Masks, scaling and the optimiser over exact.
#include "pamkit/arith/exact.hpp"
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/elements.cuh"

PAMKIT_KERNELS_BEGIN(elements_exact)
PAMKIT_KERNEL(scale_exact, element_kernel<scale_step<arith::exact>>)
PAMKIT_KERNEL(scale_vjp_exact, element_kernel<scale_vjp_step<arith::exact>>)
PAMKIT_KERNEL(clip_factor_exact, clip_factor<arith::exact>)
PAMKIT_KERNEL(adamw_step_exact, adamw_update<arith::exact>)
PAMKIT_KERNELS_END
