#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/custom_function.h>

#include "pamkit/operators/operators.hpp"
#include "pamkit/training/functions.hpp"

namespace pamkit::training {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class layer_norm_function : public torch::autograd::Function<layer_norm_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& gain,
                        const Tensor& bias, double epsilon) {
    const at::AutoDispatchBelowADInplaceOrView below;
    const auto [y, mean, inverse_deviation] =
        at::native_layer_norm(x, {x.size(-1)}, gain, bias, epsilon);
    context->save_for_backward({x, gain, bias, mean, inverse_deviation});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const variable_list saved = context->get_saved_variables();
    const Tensor& x = saved[0];
    const Tensor d = outputs[0].contiguous();
    const Tensor dx = std::get<0>(at::native_layer_norm_backward(
        d, x, {x.size(-1)}, saved[3], saved[4], saved[1], saved[2], {true, false, false}));
    const Tensor normalized = (x - saved[3]) * saved[4];
    return {dx, operators::sum_rows(d * normalized), operators::sum_rows(d), {}};
  }
};

}  // namespace

at::Tensor ordered_layer_norm(const at::Tensor& x, const at::Tensor& gain, const at::Tensor& bias,
                              double epsilon) {
  return layer_norm_function::apply(x.contiguous(), gain, bias, epsilon);
}

}  // namespace pamkit::training
