// Elementwise operations of l_mul beyond the product.
#include "pamkit/arith/l_mul.hpp"
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/elements.cuh"
#include "pamkit/elementwise/mul_da.hpp"

PAMKIT_KERNELS_BEGIN(elementwise_l_mul)
PAMKIT_KERNEL(elementwise_l_mul_mul_da, elementwise_map<arith::l_mul, elementwise::mul_da>)
PAMKIT_KERNELS_END
