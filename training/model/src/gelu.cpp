#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "pamkit/operators/layers.hpp"
#include "pamkit/operators/recorded.hpp"
#include "pamkit/training/functions.hpp"

namespace pamkit::training {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// LibTorch's vector and remainder code round differently; where a run starts decides which is
// which.
constexpr std::int64_t kRun = 16384;

template <class Compute>
Tensor in_runs(const Tensor& x, const Compute& compute) {
  Tensor y = at::empty_like(x);
  at::parallel_for(0, (x.numel() + kRun - 1) / kRun, 1, [&](std::int64_t first, std::int64_t last) {
    const at::AutoDispatchBelowADInplaceOrView below;
    for (std::int64_t run = first; run < last; ++run) {
      const std::int64_t length = std::min(kRun, x.numel() - run * kRun);
      Tensor out = y.view({-1}).narrow(0, run * kRun, length);
      compute(out, run * kRun, length);
    }
  });
  return y;
}

class gelu_function : public torch::autograd::Function<gelu_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x) {
    const at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({x});
    const operators::recorded told("pamkit::ordered_gelu", x);
    return in_runs(x, [&](Tensor& out, std::int64_t from, std::int64_t length) {
      at::gelu_out(out, x.view({-1}).narrow(0, from, length));
    });
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const Tensor x = context->get_saved_variables()[0];
    const Tensor d = outputs[0].contiguous();
    const operators::recorded told("pamkit::ordered_gelu_backward", x);
    return {in_runs(x, [&](Tensor& out, std::int64_t from, std::int64_t length) {
      at::gelu_backward_out(out, d.view({-1}).narrow(0, from, length),
                            x.view({-1}).narrow(0, from, length));
    })};
  }
};

}  // namespace

at::Tensor ordered_gelu(const at::Tensor& x) { return gelu_function::apply(x.contiguous()); }

at::Tensor piecewise_affine_gelu(const at::Tensor& x, const std::string& label,
                                 const std::string& gradient) {
  const double c = 2 * std::sqrt(2 / std::numbers::pi) * std::numbers::log2e;
  const auto mul = [&](const Tensor& a, const Tensor& b) {
    return operators::mul(a, b, label, gradient);
  };
  const auto host = [&](double value) {
    return at::full_like(x, static_cast<double>(static_cast<float>(value)));
  };
  // An alias of its own, so that the two contributions of the square join before they join the
  // others.
  const Tensor same = x.alias();
  const Tensor square = mul(same, same);
  const Tensor u = mul(x, mul(square, host(0.044715 * c)) + host(c));
  const Tensor e = operators::exp2(at::neg(u), label, gradient);
  return operators::div(x, e + host(1), label, gradient);
}

}  // namespace pamkit::training
