// Layers along rows over pam.
#include "pamkit/arith/pam.hpp"
#include "pamkit/cuda/entry_points.cuh"
#include "pamkit/cuda/kernel/rows.cuh"

PAMKIT_KERNELS_BEGIN(rows_pam)
PAMKIT_KERNEL(square_sum_pam, row_kernel<square_sum_step<arith::pam>>)
PAMKIT_KERNEL(mean_pam, row_kernel<mean_step<arith::pam>>)
PAMKIT_KERNEL(mean_vjp_pam, row_kernel<mean_vjp_step<arith::pam>>)
PAMKIT_KERNEL(norm_pam, row_kernel<norm_step<arith::pam>>)
PAMKIT_KERNEL(norm_vjp_pam, row_kernel<norm_vjp_step<arith::pam>>)
PAMKIT_KERNEL(softmax_pam, row_kernel<softmax_step<arith::pam>>)
PAMKIT_KERNEL(softmax_vjp_pam, row_kernel<softmax_vjp_step<arith::pam>>)
PAMKIT_KERNEL(logsumexp_pam, row_kernel<logsumexp_step<arith::pam>>)
PAMKIT_KERNEL(logsumexp_vjp_pam, row_kernel<logsumexp_vjp_step<arith::pam>>)
PAMKIT_KERNEL(log_softmax_pam, row_kernel<log_softmax_step<arith::pam>>)
PAMKIT_KERNEL(log_softmax_vjp_pam, row_kernel<log_softmax_vjp_step<arith::pam>>)
PAMKIT_KERNEL(cross_entropy_pam, row_kernel<cross_entropy_step<arith::pam>>)
PAMKIT_KERNEL(cross_entropy_vjp_pam, row_kernel<cross_entropy_vjp_step<arith::pam>>)
PAMKIT_KERNEL(layer_norm_pam, row_kernel<layer_norm_step<arith::pam>>)
PAMKIT_KERNEL(layer_norm_vjp_pam, row_kernel<layer_norm_vjp_step<arith::pam>>)
PAMKIT_KERNELS_END
