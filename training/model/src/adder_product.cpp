#include <ATen/Functions.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/custom_function.h>

#include "pamkit/operators/operators.hpp"
#include "pamkit/training/functions.hpp"

namespace pamkit::training {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class adder_product_function : public torch::autograd::Function<adder_product_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& a, const Tensor& b,
                        const std::string& label) {
    const at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({a, b});
    context->saved_data["label"] = label;
    return operators::bmm(a, b, label);
  }

  // abs(a - b) is symmetric, so that each side can be the input of the product whose vjp is taken.
  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const variable_list saved = context->get_saved_variables();
    const Tensor& a = saved[0];
    const Tensor& b = saved[1];
    const Tensor& d = outputs[0];
    const std::string label = context->saved_data["label"].toStringRef();
    const Tensor db = operators::product_vjp_a(b.transpose(1, 2), a.transpose(1, 2),
                                               d.transpose(1, 2), label);
    return {operators::product_vjp_a(a, b, d, label), db.transpose(1, 2), Tensor()};
  }
};

}  // namespace

at::Tensor adder_product(const at::Tensor& a, const at::Tensor& b, const std::string& label) {
  return adder_product_function::apply(a, b, label);
}

}  // namespace pamkit::training
