#include "pamkit/training/image_layers.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "pamkit/operators/layers.hpp"
#include "pamkit/operators/operators.hpp"
#include "pamkit/training/functions.hpp"

namespace pamkit::training {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kEpsilon = 1e-5;
constexpr double kUpdate = 0.1;

// LibTorch's, channel by channel: each channel is one thread's, so that no bit depends on their
// number.
class batch_norm_function : public torch::autograd::Function<batch_norm_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& gain,
                        const Tensor& bias) {
    const at::AutoDispatchBelowADInplaceOrView below;
    const auto [y, mean, inverse] =
        at::native_batch_norm(x, gain, bias, Tensor(), Tensor(), true, kUpdate, kEpsilon);
    context->save_for_backward({x, gain, mean, inverse});
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const variable_list saved = context->get_saved_variables();
    const auto [dx, dgain, dbias] = at::native_batch_norm_backward(
        outputs[0].contiguous(), saved[0], saved[1], Tensor(), Tensor(), saved[2], saved[3], true,
        kEpsilon, {true, true, true});
    return {dx, dgain, dbias};
  }
};

// [images, channels, height, width] -> [channels, images * height * width].
Tensor rows_of_channels(const Tensor& x) {
  return x.permute({1, 0, 2, 3}).reshape({x.size(1), -1});
}

Tensor images_of_rows(const Tensor& rows, at::IntArrayRef shape) {
  return rows.view({shape[1], shape[0], shape[2], shape[3]}).permute({1, 0, 2, 3}).contiguous();
}

Tensor per_channel(const Tensor& v) { return v.view({1, -1, 1, 1}); }

Tensor arm_root(const arm& products, const Tensor& x) {
  const std::string& label = products.plain_label();
  const Tensor half = at::full_like(x, 0.5);
  return operators::exp2(operators::mul(operators::log2(x, label), half, label), label);
}

}  // namespace

batch_norm_layer::batch_norm_layer(layer_maker& make, const std::string& name,
                                   std::int64_t channels)
    : gain(make.parameters.add_constant(name + ".gain", {channels}, 1)),
      bias(make.parameters.add_constant(name + ".bias", {channels}, 0)),
      mean(make.parameters.add_buffer(name + ".mean", {channels}, 0)),
      variance(make.parameters.add_buffer(name + ".variance", {channels}, 1)) {}

at::Tensor batch_norm_layer::operator()(const arm& products, const at::Tensor& x,
                                        bool is_training) const {
  const std::string& label = products.plain_label();
  const bool covered = products.covers(scope::norm);
  if (!is_training) {
    if (!covered) {
      const Tensor factor = gain / at::sqrt(variance + kEpsilon);
      return (x - per_channel(mean)) * per_channel(factor) + per_channel(bias);
    }
    const auto wide = [&](const Tensor& v) {
      return per_channel(v).expand(x.sizes()).contiguous();
    };
    const Tensor root = arm_root(products, variance + kEpsilon);
    const Tensor quotient = operators::div(x - per_channel(mean), wide(root), label);
    return operators::mul(quotient, wide(gain), label) + per_channel(bias);
  }
  const Tensor whole = x.contiguous();
  const Tensor rows = rows_of_channels(whole);
  const std::int64_t places = rows.size(1);
  {
    // What evaluation will use. Per row, ordinary sums of one thread each.
    const at::NoGradGuard no_grad;
    const Tensor values = rows.detach();
    const auto times = [&](const Tensor& v, double factor) {
      const auto rounded = static_cast<double>(static_cast<float>(factor));
      return covered ? operators::mul(v, at::full_like(v, rounded), label) : v * rounded;
    };
    // Mean and variance of rows as the arm has them: layer norm's definition over its own sums.
    const Tensor sums = operators::sum_rows(values.t());
    const Tensor center = times(sums, 1.0 / static_cast<double>(places));
    const Tensor centred = values - center.view({-1, 1});
    const Tensor squares = covered ? operators::mul(centred, centred, label) : centred * centred;
    const Tensor spread = times(operators::sum_rows(squares.t()),
                                1.0 / static_cast<double>(std::max<std::int64_t>(1, places - 1)));
    mean.add_(times(center - mean, kUpdate));
    variance.add_(times(spread - variance, kUpdate));
  }
  if (products.is_native()) {
    return at::batch_norm(whole, gain, bias, Tensor(), Tensor(), true, kUpdate, kEpsilon, false);
  }
  if (!covered) return batch_norm_function::apply(whole, gain, bias);
  const Tensor normal = operators::layer_norm(rows, at::ones({places}, gain.options().requires_grad(false)),
                                              at::zeros({places}, gain.options().requires_grad(false)), kEpsilon, label, products.gradient_name());
  const Tensor scaled =
      operators::mul(normal, repeated(gain, places).t(), label, products.gradient_name());
  return images_of_rows(scaled + repeated(bias, places).t(), whole.sizes());
}

conv_layer::conv_layer(layer_maker& make, const std::string& name, const shape& s) : sizes(s) {
  const double fan_out =
      static_cast<double>(s.kernel * s.kernel * s.out) / static_cast<double>(s.groups);
  const bool adder = make.makes_adder(s.is_first);
  const double deviation = adder ? make.adder.deviation : std::sqrt(2 / fan_out);
  weight =
      make.parameters.add_uniform(name + ".weight", {s.out, s.in / s.groups, s.kernel, s.kernel},
                                  deviation * std::sqrt(3.0), adder ? make.adder.rate_scale : 1);
  if (adder) make.parameters.last_is_adder();
  if (s.biased) bias = make.parameters.add_constant(name + ".bias", {s.out}, 0);
  if (adder) after.emplace(make, name + ".norm", s.out);
}

at::Tensor conv_layer::operator()(const arm& products, const at::Tensor& x,
                                  bool is_training) const {
  const shape& s = sizes;
  // As in linear_layer.
  if (!after) return products.exact_conv2d(x, weight, bias, s.stride, s.padding, s.groups);
  const at::Tensor y = products.conv2d(x, weight, bias, s.stride, s.padding, s.groups);
  return (*after)(products, y, is_training);
}

at::Tensor mean_of_places(const arm& products, const at::Tensor& x) {
  const std::int64_t places = x.size(2) * x.size(3);
  // Terms in the order of places; a sum down columns, whose derivative is the incoming one
  // everywhere.
  const at::Tensor by_place = x.flatten(2).permute({2, 0, 1}).reshape({places, -1});
  at::Tensor sum = by_place.select(0, 0);
  for (std::int64_t i = 1; i < places; ++i) sum = sum + by_place.select(0, i);
  return products.scaled(sum, 1.0 / static_cast<double>(places)).view({x.size(0), x.size(1)});
}

at::Tensor pooled(const at::Tensor& x) { return at::max_pool2d(x.contiguous(), {2, 2}, {2, 2}); }

}  // namespace pamkit::training
