// Products of pam and of l_mul, which is pam with a compensation of its own. Their approx derivatives are the same
// sums with other operands: mul(d, b) and mul(d, a), and mul is commutative.
#include "pamkit/arith/pam.hpp"
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/contraction_tiled.cuh"

PAMKIT_KERNELS_BEGIN(contraction_pam)
PAMKIT_KERNEL(contraction_pam_fast, contraction_tiled<fast_class, large_tile>)
PAMKIT_KERNEL(contraction_pam_threshold, contraction_tiled<threshold_class, large_tile>)
PAMKIT_KERNEL(contraction_pam_hybrid, contraction_tiled<hybrid_class<arith::pam>, large_tile>)
PAMKIT_KERNEL(contraction_pam_hybrid_medium, contraction_tiled<hybrid_class<arith::pam>, medium_tile>)
PAMKIT_KERNEL(contraction_pam_hybrid_small, contraction_tiled<hybrid_class<arith::pam>, small_tile>)
PAMKIT_KERNEL(contraction_pam_hybrid_bfloat16,
              contraction_tiled<hybrid_class<arith::pam>, large_tile, bfloat16>)
PAMKIT_KERNEL(contraction_pam_hybrid_binary16,
              contraction_tiled<hybrid_class<arith::pam>, large_tile, binary16>)
PAMKIT_KERNEL(contraction_pam_hybrid_e5m2,
              contraction_tiled<hybrid_class<arith::pam>, large_tile, e5m2>)
PAMKIT_KERNEL(contraction_pam_hybrid_e4m3,
              contraction_tiled<hybrid_class<arith::pam>, large_tile, e4m3>)
PAMKIT_KERNELS_END
