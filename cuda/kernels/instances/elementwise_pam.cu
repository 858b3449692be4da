// Elementwise operations of pam beyond the product.
#include "pamkit/arith/pam.hpp"
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/elements.cuh"
#include "pamkit/elementwise/div.hpp"
#include "pamkit/elementwise/div_da.hpp"
#include "pamkit/elementwise/div_db.hpp"
#include "pamkit/elementwise/exp.hpp"
#include "pamkit/elementwise/exp2.hpp"
#include "pamkit/elementwise/exp2_da.hpp"
#include "pamkit/elementwise/log.hpp"
#include "pamkit/elementwise/log2.hpp"
#include "pamkit/elementwise/log2_da.hpp"
#include "pamkit/elementwise/mul_da.hpp"
#include "pamkit/elementwise/pow.hpp"
#include "pamkit/elementwise/sqrt.hpp"

PAMKIT_KERNELS_BEGIN(elementwise_pam)
PAMKIT_KERNEL(elementwise_pam_div, elementwise_map<arith::pam, elementwise::div>)
PAMKIT_KERNEL(elementwise_pam_exp2, elementwise_map<arith::pam, elementwise::exp2>)
PAMKIT_KERNEL(elementwise_pam_log2, elementwise_map<arith::pam, elementwise::log2>)
PAMKIT_KERNEL(elementwise_pam_exp, elementwise_map<arith::pam, elementwise::exp>)
PAMKIT_KERNEL(elementwise_pam_log, elementwise_map<arith::pam, elementwise::log>)
PAMKIT_KERNEL(elementwise_pam_pow, elementwise_map<arith::pam, elementwise::pow>)
PAMKIT_KERNEL(elementwise_pam_sqrt, elementwise_map<arith::pam, elementwise::sqrt>)
PAMKIT_KERNEL(elementwise_pam_mul_da, elementwise_map<arith::pam, elementwise::mul_da>)
PAMKIT_KERNEL(elementwise_pam_div_da, elementwise_map<arith::pam, elementwise::div_da>)
PAMKIT_KERNEL(elementwise_pam_div_db, elementwise_map<arith::pam, elementwise::div_db>)
PAMKIT_KERNEL(elementwise_pam_exp2_da, elementwise_map<arith::pam, elementwise::exp2_da>)
PAMKIT_KERNEL(elementwise_pam_log2_da, elementwise_map<arith::pam, elementwise::log2_da>)
PAMKIT_KERNELS_END
