#include <ATen/Functions.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/autograd_not_implemented_fallback.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <string>

#include "choice.hpp"
#include "pamkit/operators/operators.hpp"
#include "shapes.hpp"

/// Backward passes: the vjp contractions of the same arithmetic, with the derivative asked for. They have no
/// derivative themselves: a second backward pass raises.

namespace pamkit::operators {
namespace {

using at::Tensor;
using std::string_view;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

void remember(AutogradContext* context, string_view arithmetic, string_view gradient) {
  context->saved_data["arithmetic"] = std::string(arithmetic);
  context->saved_data["derivative"] = std::string(gradient);
}

// Gradients of rows x K times K x N for those operands that need one.
std::pair<Tensor, Tensor> product_gradients(AutogradContext* context, const Tensor& a,
                                            const Tensor& b, const Tensor& d) {
  const std::string arithmetic = context->saved_data["arithmetic"].toStringRef();
  const std::string gradient = context->saved_data["derivative"].toStringRef();
  std::pair<Tensor, Tensor> result;
  if (context->needs_input_grad(0)) {
    result.first = product_vjp_a(a, b, d, arithmetic, gradient);
  }
  if (context->needs_input_grad(1)) {
    result.second = product_vjp_b(a, b, d, arithmetic, gradient);
  }
  return result;
}

class matmul_function : public Function<matmul_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& a, const Tensor& b,
                        string_view arithmetic, string_view gradient) {
    const at::AutoDispatchBelowADInplaceOrView below;
    remember(context, arithmetic, gradient);
    context->save_for_backward({a, b});
    return matmul(a, b, arithmetic, gradient);
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const variable_list saved = context->get_saved_variables();
    const auto [da, db] =
        product_gradients(context, as_rows(saved[0]), saved[1], as_rows(outputs[0]));
    return {da.defined() ? da.view(saved[0].sizes()) : da, db, {}, {}};
  }
};

class bmm_function : public Function<bmm_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& a, const Tensor& b,
                        string_view arithmetic, string_view gradient) {
    const at::AutoDispatchBelowADInplaceOrView below;
    remember(context, arithmetic, gradient);
    context->save_for_backward({a, b});
    return bmm(a, b, arithmetic, gradient);
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const variable_list saved = context->get_saved_variables();
    const auto [da, db] = product_gradients(context, saved[0], saved[1], outputs[0]);
    return {da, db, {}, {}};
  }
};

class linear_function : public Function<linear_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const std::optional<Tensor>& bias, string_view arithmetic,
                        string_view gradient) {
    const at::AutoDispatchBelowADInplaceOrView below;
    remember(context, arithmetic, gradient);
    if (bias.has_value() && bias->defined()) {
      context->saved_data["bias_type"] = static_cast<std::int64_t>(bias->scalar_type());
    }
    context->save_for_backward({x, weight});
    return linear(x, weight, bias, arithmetic, gradient);
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const variable_list saved = context->get_saved_variables();
    const Tensor d = as_rows(outputs[0]);
    const auto [dx, dweight] =
        product_gradients(context, as_rows(saved[0]), saved[1].t(), d);
    Tensor dbias;
    if (context->saved_data.count("bias_type") != 0 && context->needs_input_grad(2)) {
      const auto type = static_cast<at::ScalarType>(context->saved_data["bias_type"].toInt());
      dbias = sum_rows(type == at::kFloat ? d.to(at::kFloat) : d);
    }
    return {dx.defined() ? dx.view(saved[0].sizes()) : dx,
            dweight.defined() ? dweight.t() : dweight,
            dbias,
            {},
            {}};
  }
};

// An arithmetic without the derivative is an error of the forward call, where the line is that wrote it.
void check_if_needed(const char* op, bool needed, string_view arithmetic, string_view gradient) {
  if (needed && at::GradMode::is_enabled()) {
    check_derivative(op, parse_choice(op, arithmetic, gradient));
  }
}

Tensor matmul_autograd(const Tensor& a, const Tensor& b, string_view arithmetic,
                       string_view gradient) {
  check_if_needed("pamkit::matmul", a.requires_grad() || b.requires_grad(), arithmetic, gradient);
  return matmul_function::apply(a, b, arithmetic, gradient);
}

Tensor bmm_autograd(const Tensor& a, const Tensor& b, string_view arithmetic,
                    string_view gradient) {
  check_if_needed("pamkit::bmm", a.requires_grad() || b.requires_grad(), arithmetic, gradient);
  return bmm_function::apply(a, b, arithmetic, gradient);
}

Tensor linear_autograd(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias,
                       string_view arithmetic, string_view gradient) {
  check_if_needed("pamkit::linear", x.requires_grad() || weight.requires_grad(), arithmetic,
                  gradient);
  return linear_function::apply(x, weight, bias, arithmetic, gradient);
}

}  // namespace

TORCH_LIBRARY_IMPL(pamkit, Autograd, library) {
  library.impl("matmul", matmul_autograd);
  library.impl("bmm", bmm_autograd);
  library.impl("linear", linear_autograd);
  library.impl("product_vjp_a", torch::autograd::autogradNotImplementedFallback());
  library.impl("product_vjp_b", torch::autograd::autogradNotImplementedFallback());
  library.impl("sum_rows", torch::autograd::autogradNotImplementedFallback());
}

}  // namespace pamkit::operators
