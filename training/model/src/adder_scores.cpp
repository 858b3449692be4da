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

class adder_scores_function : public torch::autograd::Function<adder_scores_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& queries, const Tensor& keys,
                        const std::string& label) {
    const at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({queries, keys});
    context->saved_data["label"] = label;
    return operators::bmm(queries, keys.transpose(1, 2), label);
  }

  // abs(q - k) is symmetric, so that each side can be the input of the product whose vjp is taken.
  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const variable_list saved = context->get_saved_variables();
    const Tensor& queries = saved[0];
    const Tensor& keys = saved[1];
    const Tensor& d = outputs[0];
    const std::string label = context->saved_data["label"].toStringRef();
    return {operators::product_vjp_a(queries, keys.transpose(1, 2), d, label),
            operators::product_vjp_a(keys, queries.transpose(1, 2), d.transpose(1, 2), label),
            Tensor()};
  }
};

}  // namespace

at::Tensor adder_scores(const at::Tensor& queries, const at::Tensor& keys,
                        const std::string& label) {
  return adder_scores_function::apply(queries, keys, label);
}

}  // namespace pamkit::training
