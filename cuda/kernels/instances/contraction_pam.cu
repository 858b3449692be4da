// Products of pam and of l_mul, which is pam with a compensation of its own. Their approx derivatives are the same
// sums with other operands: mul(d, b) and mul(d, a), and mul is commutative.
#include "pamkit/arith/pam.hpp"
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/contraction_tiled.cuh"

PAMKIT_KERNELS_BEGIN(contraction_pam)
PAMKIT_KERNEL(contraction_pam_fast, contraction_tiled<fast_class, large_tile>)
PAMKIT_KERNEL(contraction_pam_threshold, contraction_tiled<threshold_class, large_tile>)
PAMKIT_KERNEL(contraction_pam_hybrid, contraction_tiled<hybrid_class<arith::pam>, large_tile>)
PAMKIT_KERNELS_END
