#include "shapes.hpp"

#include <ATen/Functions.h>
#include <c10/util/Exception.h>

namespace pamkit::operators {
namespace {

void check_alike(const char* op, const char* first, const at::Tensor& a, const char* second,
                 const at::Tensor& b) {
  TORCH_CHECK_TYPE(a.scalar_type() == b.scalar_type(), op, ": ", first, " is ", a.scalar_type(),
                   " and ", second, " is ", b.scalar_type(), "; they must be of one type");
  TORCH_CHECK_VALUE(a.device() == b.device(), op, ": ", first, " is on ", a.device(), " and ",
                    second, " is on ", b.device(), "; they must be on one device");
}

void check_axes(const char* op, const char* name, const at::Tensor& t, std::int64_t axes) {
  TORCH_CHECK_VALUE(t.dim() == axes, op, ": ", name, " has shape ", t.sizes(), "; it must have ",
                    axes, axes == 1 ? " axis" : " axes");
}

}  // namespace

sizes matmul_sizes(const at::Tensor& a, const at::Tensor& b) {
  constexpr const char* op = "pamkit::matmul";
  check_alike(op, "a", a, "b", b);
  check_axes(op, "b", b, 2);
  TORCH_CHECK_VALUE(a.dim() >= 1, op, ": a has shape ", a.sizes(), "; it must have an axis");
  TORCH_CHECK_VALUE(a.size(-1) == b.size(0), op, ": a has shape ", a.sizes(),
                    " and b has shape ", b.sizes(), "; a's last size must be b's first");
  sizes result = a.sizes().vec();
  result.back() = b.size(1);
  return result;
}

sizes bmm_sizes(const at::Tensor& a, const at::Tensor& b) {
  constexpr const char* op = "pamkit::bmm";
  check_alike(op, "a", a, "b", b);
  check_axes(op, "a", a, 3);
  check_axes(op, "b", b, 3);
  TORCH_CHECK_VALUE(a.size(0) == b.size(0) && a.size(2) == b.size(1), op, ": a has shape ",
                    a.sizes(), " and b has shape ", b.sizes(),
                    "; they must be [B, M, K] and [B, K, N]");
  return {a.size(0), a.size(1), b.size(2)};
}

sizes linear_sizes(const at::Tensor& x, const at::Tensor& weight,
                   const std::optional<at::Tensor>& bias) {
  constexpr const char* op = "pamkit::linear";
  check_alike(op, "x", x, "weight", weight);
  check_axes(op, "weight", weight, 2);
  TORCH_CHECK_VALUE(x.dim() >= 1, op, ": x has shape ", x.sizes(), "; it must have an axis");
  TORCH_CHECK_VALUE(x.size(-1) == weight.size(1), op, ": x has shape ", x.sizes(),
                    " and weight has shape ", weight.sizes(), "; their last sizes must be equal");
  if (bias.has_value() && bias->defined()) {
    TORCH_CHECK_TYPE(bias->scalar_type() == at::kFloat || bias->scalar_type() == x.scalar_type(),
                     op, ": bias is ", bias->scalar_type(), " and x is ", x.scalar_type(),
                     "; bias must be of that type or float32");
    TORCH_CHECK_VALUE(bias->device() == x.device(), op, ": x is on ", x.device(),
                      " and bias is on ", bias->device(), "; they must be on one device");
    TORCH_CHECK_VALUE(bias->dim() == 1 && bias->size(0) == weight.size(0), op, ": bias has shape ",
                      bias->sizes(), " and weight has shape ", weight.sizes(),
                      "; bias must have one element for each row of the weight");
  }
  sizes result = x.sizes().vec();
  result.back() = weight.size(0);
  return result;
}

sizes sum_rows_sizes(const at::Tensor& d) {
  TORCH_CHECK_VALUE(d.dim() >= 1, "pamkit::sum_rows: d has shape ", d.sizes(),
                    "; it must have an axis");
  return {d.size(-1)};
}

void check_product_vjp(const char* op, const at::Tensor& a, const at::Tensor& b,
                       const at::Tensor& d) {
  check_alike(op, "a", a, "b", b);
  check_alike(op, "a", a, "d", d);
  const std::int64_t axes = a.dim();
  TORCH_CHECK_VALUE(axes == 2 || axes == 3, op, ": a has shape ", a.sizes(),
                    "; it must have 2 axes, or 3 for a batch");
  check_axes(op, "b", b, axes);
  check_axes(op, "d", d, axes);
  const bool batches = axes == 2 || (a.size(0) == b.size(0) && a.size(0) == d.size(0));
  TORCH_CHECK_VALUE(batches && a.size(-1) == b.size(-2) && d.size(-2) == a.size(-2) &&
                        d.size(-1) == b.size(-1),
                    op, ": a has shape ", a.sizes(), ", b has shape ", b.sizes(),
                    " and d has shape ", d.sizes(),
                    "; they must be [M, K], [K, N] and [M, N], behind equal batch sizes");
}

at::Tensor as_rows(const at::Tensor& t) {
  std::int64_t rows = 1;
  for (std::int64_t i = 0; i + 1 < t.dim(); ++i) rows *= t.size(i);
  return t.reshape({rows, t.size(-1)});
}

}  // namespace pamkit::operators
