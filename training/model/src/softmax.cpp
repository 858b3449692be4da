#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/custom_function.h>

#include "pamkit/operators/recorded.hpp"
#include "pamkit/training/functions.hpp"
#include "pamkit/training/lanes.hpp"

namespace pamkit::training {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kRowsPerTask = 64;

class softmax_function : public torch::autograd::Function<softmax_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x) {
    const at::AutoDispatchBelowADInplaceOrView below;
    const Tensor y = at::softmax(x, -1).contiguous();
    context->save_for_backward({y});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const Tensor y = context->get_saved_variables()[0];
    const Tensor d = outputs[0].contiguous();
    const operators::recorded told("pamkit::ordered_softmax_backward", y);
    Tensor dx = at::empty_like(y);
    const std::int64_t width = y.size(-1);
    const float* const values = y.const_data_ptr<float>();
    const float* const incoming = d.const_data_ptr<float>();
    float* const to = dx.mutable_data_ptr<float>();
    const std::int64_t rows = width == 0 ? 0 : y.numel() / width;
    at::parallel_for(0, rows, kRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t at = row * width;
        lanes sum;
        sum.add(0, width, [&](std::int64_t i) { return incoming[at + i] * values[at + i]; });
        const float total = sum.fold();
        for (std::int64_t i = at; i < at + width; ++i) to[i] = values[i] * (incoming[i] - total);
      }
    });
    return {dx};
  }
};

}  // namespace

at::Tensor ordered_softmax(const at::Tensor& x) { return softmax_function::apply(x); }

}  // namespace pamkit::training
