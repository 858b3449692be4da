#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

/// What the operators ask of their operands, checked by the CPU and the Meta kernels alike. Every function
/// throws c10::Error with the operator's name and the offending sizes, types or devices.

namespace pamkit::operators {

using sizes = std::vector<std::int64_t>;

/// Result sizes of matmul, bmm, linear and sum_rows.
sizes matmul_sizes(const at::Tensor& a, const at::Tensor& b);
sizes bmm_sizes(const at::Tensor& a, const at::Tensor& b);
sizes linear_sizes(const at::Tensor& x, const at::Tensor& weight,
                   const std::optional<at::Tensor>& bias);
sizes sum_rows_sizes(const at::Tensor& d);

/// Of product_vjp_a and product_vjp_b: a, b and d are a product's operands and incoming derivative.
void check_product_vjp(const char* op, const at::Tensor& a, const at::Tensor& b,
                       const at::Tensor& d);

/// [..., K] as [rows, K]; a view where strides allow.
at::Tensor as_rows(const at::Tensor& t);

}  // namespace pamkit::operators
