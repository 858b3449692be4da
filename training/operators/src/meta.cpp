#include <ATen/Functions.h>
#include <torch/library.h>

#include "choice.hpp"
#include "shapes.hpp"

/// Shapes and types without values.

namespace pamkit::operators {
namespace {

using std::string_view;

void check_names(const char* op, const at::Tensor& t, string_view arithmetic,
                 string_view gradient) {
  configuration_of(op, parse_choice(op, arithmetic, gradient), t.scalar_type());
}

at::Tensor matmul_meta(const at::Tensor& a, const at::Tensor& b, string_view arithmetic,
                       string_view gradient) {
  const sizes shape = matmul_sizes(a, b);
  check_names("pamkit::matmul", a, arithmetic, gradient);
  return at::empty(shape, a.options());
}

at::Tensor bmm_meta(const at::Tensor& a, const at::Tensor& b, string_view arithmetic,
                    string_view gradient) {
  const sizes shape = bmm_sizes(a, b);
  check_names("pamkit::bmm", a, arithmetic, gradient);
  return at::empty(shape, a.options());
}

at::Tensor linear_meta(const at::Tensor& x, const at::Tensor& weight,
                       const std::optional<at::Tensor>& bias, string_view arithmetic,
                       string_view gradient) {
  const sizes shape = linear_sizes(x, weight, bias);
  check_names("pamkit::linear", x, arithmetic, gradient);
  return at::empty(shape, x.options());
}

at::Tensor product_vjp_a_meta(const at::Tensor& a, const at::Tensor& b, const at::Tensor& d,
                              string_view arithmetic, string_view gradient) {
  constexpr const char* op = "pamkit::product_vjp_a";
  check_product_vjp(op, a, b, d);
  check_derivative(op, parse_choice(op, arithmetic, gradient));
  return at::empty(a.sizes(), a.options());
}

at::Tensor product_vjp_b_meta(const at::Tensor& a, const at::Tensor& b, const at::Tensor& d,
                              string_view arithmetic, string_view gradient) {
  constexpr const char* op = "pamkit::product_vjp_b";
  check_product_vjp(op, a, b, d);
  check_derivative(op, parse_choice(op, arithmetic, gradient));
  return at::empty(b.sizes(), b.options());
}

at::Tensor sum_rows_meta(const at::Tensor& d) { return at::empty(sum_rows_sizes(d), d.options()); }

}  // namespace

TORCH_LIBRARY_IMPL(pamkit, Meta, library) {
  library.impl("matmul", matmul_meta);
  library.impl("bmm", bmm_meta);
  library.impl("linear", linear_meta);
  library.impl("product_vjp_a", product_vjp_a_meta);
  library.impl("product_vjp_b", product_vjp_b_meta);
  library.impl("sum_rows", sum_rows_meta);
}

}  // namespace pamkit::operators
