// Products that the machine's own operations form: those of exact, whose derivatives are products too, and of adder
// with its two derivatives. "narrow" ones widen operands of any other format.
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/contraction_tiled.cuh"

PAMKIT_KERNELS_BEGIN(contraction_native)
PAMKIT_KERNEL(contraction_exact_hybrid, contraction_tiled<exact_hybrid_class, large_tile>)
PAMKIT_KERNEL(contraction_exact_hybrid_medium, contraction_tiled<exact_hybrid_class, medium_tile>)
PAMKIT_KERNEL(contraction_exact_hybrid_small, contraction_tiled<exact_hybrid_class, small_tile>)
PAMKIT_KERNEL(contraction_exact_hybrid_narrow, contraction_tiled<exact_hybrid_class, large_tile, void>)
PAMKIT_KERNEL(contraction_adder_product, contraction_tiled<adder_class, large_tile>)
PAMKIT_KERNEL(contraction_adder_product_medium, contraction_tiled<adder_class, medium_tile>)
PAMKIT_KERNEL(contraction_adder_product_small, contraction_tiled<adder_class, small_tile>)
PAMKIT_KERNEL(contraction_adder_product_narrow, contraction_tiled<adder_class, large_tile, void>)
PAMKIT_KERNEL(contraction_adder_vjp_a, contraction_tiled<adder_vjp_class<adder_input_term>, medium_tile>)
PAMKIT_KERNEL(contraction_adder_vjp_a_small, contraction_tiled<adder_vjp_class<adder_input_term>, small_tile>)
PAMKIT_KERNEL(contraction_adder_vjp_a_narrow, contraction_tiled<adder_vjp_class<adder_input_term>, medium_tile, void>)
PAMKIT_KERNEL(contraction_adder_vjp_b, contraction_tiled<adder_vjp_class<adder_weight_term>, medium_tile>)
PAMKIT_KERNEL(contraction_adder_vjp_b_small, contraction_tiled<adder_vjp_class<adder_weight_term>, small_tile>)
PAMKIT_KERNEL(contraction_adder_vjp_b_narrow, contraction_tiled<adder_vjp_class<adder_weight_term>, medium_tile, void>)
PAMKIT_KERNELS_END
