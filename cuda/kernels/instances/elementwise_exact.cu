// Elementwise operations of exact beyond the product.
#include "pamkit/arith/exact.hpp"
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/elements.cuh"
#include "pamkit/elementwise/div.hpp"
#include "pamkit/elementwise/sqrt.hpp"

PAMKIT_KERNELS_BEGIN(elementwise_exact)
PAMKIT_KERNEL(elementwise_exact_div, elementwise_map<arith::exact, elementwise::div>)
PAMKIT_KERNEL(elementwise_exact_sqrt, elementwise_map<arith::exact, elementwise::sqrt>)
PAMKIT_KERNELS_END
