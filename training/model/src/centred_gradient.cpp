#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/custom_function.h>

#include "pamkit/operators/layers.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/functions.hpp"
#include "pamkit/training/lanes.hpp"

namespace pamkit::training {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// [R, V] -> [R, 1].
Tensor row_sums(const Tensor& x) {
  if (is_left_to_libtorch(x)) return x.sum(1, true);
  const Tensor rows = x.contiguous();
  Tensor sums = at::empty({rows.size(0), 1}, rows.options());
  const float* const from = rows.const_data_ptr<float>();
  float* const to = sums.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < rows.size(0); ++row) {
    to[row] = lane_sum(from + row * rows.size(1), rows.size(1));
  }
  return sums;
}

class centred_gradient_function
    : public torch::autograd::Function<centred_gradient_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& logits, const std::string& label) {
    const at::AutoDispatchBelowADInplaceOrView below;
    context->saved_data["label"] = label;
    return logits.view_as(logits);
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const Tensor& d = outputs[0];
    const Tensor sums = row_sums(d);
    const Tensor classes = at::full_like(sums, static_cast<double>(d.size(1)));
    return {d - operators::div(sums, classes, context->saved_data["label"].toStringRef()), {}};
  }
};

}  // namespace

at::Tensor centred_gradient(const at::Tensor& logits, const std::string& label) {
  return centred_gradient_function::apply(logits, label);
}

}  // namespace pamkit::training
