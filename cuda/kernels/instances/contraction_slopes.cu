// Products with slopes and with rounded operands, which are powers of two: exact derivatives of pam (and of l_mul, which
// is pam with a compensation of its own) in their first factor, and products of power_of_two.
#include "pamkit/arith/pam.hpp"
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/contraction_tiled.cuh"

PAMKIT_KERNELS_BEGIN(contraction_slopes)
PAMKIT_KERNEL(contraction_pam_slopes, contraction_tiled<slope_class<arith::pam>, medium_tile>)
PAMKIT_KERNEL(contraction_pam_slopes_small, contraction_tiled<slope_class<arith::pam>, small_tile>)
PAMKIT_KERNEL(contraction_pam_slopes_narrow, contraction_tiled<slope_class<arith::pam>, medium_tile, void>)
PAMKIT_KERNEL(contraction_power_of_two_hybrid, contraction_tiled<rounded_hybrid_class, large_tile>)
PAMKIT_KERNEL(contraction_power_of_two_hybrid_medium, contraction_tiled<rounded_hybrid_class, medium_tile>)
PAMKIT_KERNEL(contraction_power_of_two_hybrid_small, contraction_tiled<rounded_hybrid_class, small_tile>)
PAMKIT_KERNEL(contraction_power_of_two_hybrid_narrow, contraction_tiled<rounded_hybrid_class, large_tile, void>)
PAMKIT_KERNELS_END
