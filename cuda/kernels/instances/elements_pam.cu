// Masks, scaling and the optimiser over pam.
#include "pamkit/arith/pam.hpp"
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/elements.cuh"

PAMKIT_KERNELS_BEGIN(elements_pam)
PAMKIT_KERNEL(scale_pam, element_kernel<scale_step<arith::pam>>)
PAMKIT_KERNEL(scale_vjp_pam, element_kernel<scale_vjp_step<arith::pam>>)
PAMKIT_KERNEL(clip_factor_pam, clip_factor<arith::pam>)
PAMKIT_KERNEL(adamw_step_pam, adamw_update<arith::pam>)
PAMKIT_KERNELS_END
