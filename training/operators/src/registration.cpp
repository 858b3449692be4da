#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include "pamkit/operators/operators.hpp"

/// The schemas, and the C++ functions that call them through the dispatcher.

TORCH_LIBRARY(pamkit, library) {
  library.def(
      "matmul(Tensor a, Tensor b, *, str arithmetic=\"pam\", str derivative=\"approx\") -> Tensor");
  library.def(
      "bmm(Tensor a, Tensor b, *, str arithmetic=\"pam\", str derivative=\"approx\") -> Tensor");
  library.def(
      "linear(Tensor x, Tensor weight, Tensor? bias=None, *, str arithmetic=\"pam\", "
      "str derivative=\"approx\") -> Tensor");
  library.def(
      "product_vjp_a(Tensor a, Tensor b, Tensor d, *, str arithmetic=\"pam\", "
      "str derivative=\"approx\") -> Tensor");
  library.def(
      "product_vjp_b(Tensor a, Tensor b, Tensor d, *, str arithmetic=\"pam\", "
      "str derivative=\"approx\") -> Tensor");
  library.def("sum_rows(Tensor d) -> Tensor");
}

namespace pamkit::operators {
namespace {

using at::Tensor;
using std::string_view;
using product_signature = Tensor(const Tensor&, const Tensor&, string_view, string_view);
using linear_signature = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&,
                                string_view, string_view);
using vjp_signature = Tensor(const Tensor&, const Tensor&, const Tensor&, string_view,
                             string_view);

template <class Signature>
c10::TypedOperatorHandle<Signature> find_operator(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").template typed<Signature>();
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, string_view arithmetic, string_view derivative) {
  static const auto op = find_operator<product_signature>("pamkit::matmul");
  return op.call(a, b, arithmetic, derivative);
}

Tensor bmm(const Tensor& a, const Tensor& b, string_view arithmetic, string_view derivative) {
  static const auto op = find_operator<product_signature>("pamkit::bmm");
  return op.call(a, b, arithmetic, derivative);
}

Tensor linear(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias,
              string_view arithmetic, string_view derivative) {
  static const auto op = find_operator<linear_signature>("pamkit::linear");
  return op.call(x, weight, bias, arithmetic, derivative);
}

Tensor product_vjp_a(const Tensor& a, const Tensor& b, const Tensor& d, string_view arithmetic,
                     string_view derivative) {
  static const auto op = find_operator<vjp_signature>("pamkit::product_vjp_a");
  return op.call(a, b, d, arithmetic, derivative);
}

Tensor product_vjp_b(const Tensor& a, const Tensor& b, const Tensor& d, string_view arithmetic,
                     string_view derivative) {
  static const auto op = find_operator<vjp_signature>("pamkit::product_vjp_b");
  return op.call(a, b, d, arithmetic, derivative);
}

Tensor sum_rows(const Tensor& d) {
  static const auto op = find_operator<Tensor(const Tensor&)>("pamkit::sum_rows");
  return op.call(d);
}

}  // namespace pamkit::operators
