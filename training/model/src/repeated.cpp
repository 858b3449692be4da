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

class repeated_function : public torch::autograd::Function<repeated_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& v, std::int64_t count) {
    const at::AutoDispatchBelowADInplaceOrView below;
    context->saved_data["shape"] = v.sizes().vec();
    std::vector<std::int64_t> shape = v.sizes().vec();
    shape.insert(shape.begin(), count);
    return v.unsqueeze(0).expand(shape).contiguous();
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const Tensor& d = outputs[0];
    return {operators::sum_rows(d.reshape({d.size(0), -1}))
                .view(context->saved_data["shape"].toIntVector()),
            Tensor()};
  }
};

}  // namespace

at::Tensor repeated(const at::Tensor& v, std::int64_t count) {
  return repeated_function::apply(v, count);
}

}  // namespace pamkit::training
