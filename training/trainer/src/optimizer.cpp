#include "pamkit/training/optimizer.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "pamkit/operators/layers.hpp"
#include "pamkit/operators/recorded.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/lanes.hpp"

namespace pamkit::training {
namespace {

constexpr std::int64_t kElementsPerTask = 8192;

// The scalars of one update, rounded to binary32 once.
struct update_scalars {
  float beta1;
  float rest1;
  float beta2;
  float rest2;
  float epsilon;
  float decay;
  float step;
};

update_scalars scalars_of(const optimizer_settings& s, double weight_decay, double rate,
                          std::uint64_t update) {
  const auto t = static_cast<double>(update);
  const double step =
      rate * std::sqrt(1 - std::pow(s.beta2, t)) / (1 - std::pow(s.beta1, t));
  return {static_cast<float>(s.beta1),   static_cast<float>(1 - s.beta1),
          static_cast<float>(s.beta2),   static_cast<float>(1 - s.beta2),
          static_cast<float>(s.epsilon), static_cast<float>(weight_decay * rate),
          static_cast<float>(step)};
}

void update_range(const update_scalars& c, const float* g, float* m, float* v, float* p,
                  std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; ++i) {
    m[i] = m[i] * c.beta1 + g[i] * c.rest1;
    v[i] = v[i] * c.beta2 + (g[i] * g[i]) * c.rest2;
    p[i] = (p[i] - p[i] * c.decay) - (m[i] / (std::sqrt(v[i]) + c.epsilon)) * c.step;
  }
}

// The same by LibTorch's operations, each of which rounds once, on any device.
void update_by_tensors(const update_scalars& c, const at::Tensor& g, at::Tensor& m, at::Tensor& v,
                       const at::Tensor& p) {
  const auto times = [](const at::Tensor& t, float factor) { return t * double{factor}; };
  m.copy_(times(m, c.beta1) + times(g, c.rest1));
  v.copy_(times(v, c.beta2) + times(g * g, c.rest2));
  p.copy_((p - times(p, c.decay)) - times(m / (at::sqrt(v) + double{c.epsilon}), c.step));
}

// The sum of the squares of elements, in binary64.
double square_sum(const at::Tensor& t) {
  const at::Tensor values = t.to(at::kDouble);
  return (values * values).sum().item<double>();
}

// The gradient as it is summed and stored: contiguous, like the parameter.
at::Tensor gradient_of(const parameter& p) {
  const at::Tensor& gradient = p.value.grad();
  return gradient.defined() ? gradient.contiguous() : at::zeros_like(p.value);
}

}  // namespace

double learning_rate(double peak, std::uint64_t update, std::uint64_t warmup, std::uint64_t total) {
  const auto u = static_cast<double>(update);
  const auto w = static_cast<double>(warmup);
  if (update < warmup) return peak * u / w;
  if (total <= warmup) return peak;
  return peak * (1 + std::cos(std::numbers::pi * (u - w) / (static_cast<double>(total) - w))) / 2;
}

optimizer::optimizer(const parameter_list& parameters, const optimizer_settings& settings,
                     const arm& products)
    : settings_(settings), products_(products) {
  for (const parameter& p : parameters.all()) {
    first_.push_back(at::zeros_like(p.value.detach()));
    if (settings_.rule == optimizer_settings::method::adamw) {
      second_.push_back(at::zeros_like(p.value.detach()));
    }
  }
}

std::vector<std::pair<std::string, at::Tensor>> optimizer::state(
    const parameter_list& parameters) const {
  std::vector<std::pair<std::string, at::Tensor>> all;
  for (std::size_t i = 0; i < first_.size(); ++i) {
    all.emplace_back(parameters.all()[i].name + ".m", first_[i]);
    if (!second_.empty()) all.emplace_back(parameters.all()[i].name + ".v", second_[i]);
  }
  return all;
}

double optimizer::decay_of(const parameter& p) const {
  const bool left_out = settings_.decay_matrices_only && (p.value.dim() < 2 || p.is_embedding);
  return left_out ? 0 : settings_.weight_decay;
}

void optimizer::step(const parameter_list& parameters, double rate, std::uint64_t update) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters.all().size(); ++i) {
    const parameter& p = parameters.all()[i];
    if (settings_.rule == optimizer_settings::method::adamw) {
      adamw_update(i, p, rate * p.rate_scale, update);
    } else {
      sgd_update(i, p, rate * p.rate_scale);
    }
  }
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> optimizer::next_adamw(std::size_t i,
                                                                     const parameter& p, double rate,
                                                                     std::uint64_t update) const {
  return operators::adamw_step(
      p.value.detach(), gradient_of(p), first_[i], second_[i],
      {.learning_rate = rate,
       .beta1 = settings_.beta1,
       .beta2 = settings_.beta2,
       .eps = settings_.epsilon,
       .weight_decay = decay_of(p),
       .step = static_cast<std::int64_t>(update),
       .corrected = settings_.corrected_decay && products_.has_inexact_products()},
      products_.plain_label());
}

void optimizer::rehearse(const parameter_list& parameters, double limit) const {
  if (!products_.covers(scope::optimizer)) return;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (std::size_t i = 0; i < parameters.all().size(); ++i) {
    const parameter& p = parameters.all()[i];
    gradients.push_back(gradient_of(p));
    if (settings_.rule == optimizer_settings::method::adamw) {
      next_adamw(i, p, 1e-3, 1);
    } else {
      operators::mul(p.value.detach(), gradients.back(), products_.plain_label());
    }
  }
  if (limit > 0) operators::clip_grad_norm(gradients, limit, products_.plain_label());
}

void optimizer::adamw_update(std::size_t i, const parameter& p, double rate, std::uint64_t update) {
  if (products_.covers(scope::optimizer)) {
    const auto [value, m, v] = next_adamw(i, p, rate, update);
    p.value.copy_(value);
    first_[i].copy_(m);
    second_[i].copy_(v);
    return;
  }
  const at::Tensor gradient = gradient_of(p);
  const operators::recorded told("pamkit::ordered_adamw", gradient);
  const update_scalars scalars = scalars_of(settings_, decay_of(p), rate, update);
  if (is_left_to_libtorch(gradient)) {
    update_by_tensors(scalars, gradient, first_[i], second_[i], p.value);
    return;
  }
  const float* const g = gradient.const_data_ptr<float>();
  float* const m = first_[i].mutable_data_ptr<float>();
  float* const v = second_[i].mutable_data_ptr<float>();
  float* const value = p.value.mutable_data_ptr<float>();
  at::parallel_for(0, gradient.numel(), kElementsPerTask,
                   [&](std::int64_t begin, std::int64_t end) {
                     update_range(scalars, g, m, v, value, begin, end);
                   });
}

void optimizer::sgd_update(std::size_t i, const parameter& p, double rate) {
  const bool covered = products_.covers(scope::optimizer);
  const auto times = [&](const at::Tensor& x, double factor) {
    const auto rounded = static_cast<double>(static_cast<float>(factor));
    return covered ? operators::mul(x, at::full_like(x, rounded), products_.plain_label())
                   : x * rounded;
  };
  const bool corrected =
      covered && settings_.corrected_decay && products_.has_inexact_products() && settings_.momentum >= 0.5;
  const double kept = corrected ? 1 + std::log2(settings_.momentum) / 2 : settings_.momentum;
  at::Tensor direction = gradient_of(p);
  if (decay_of(p) != 0) direction = direction + times(p.value, decay_of(p));
  first_[i].copy_(times(first_[i], kept) + direction);
  p.value.copy_(p.value - times(first_[i], rate));
}

void scale_adder_gradients(const parameter_list& parameters, double eta) {
  const at::NoGradGuard no_grad;
  for (const parameter& p : parameters.all()) {
    if (!p.is_adder || !p.value.grad().defined()) continue;
    at::Tensor gradient = p.value.grad().contiguous();
    const operators::recorded told("pamkit::adder_rate", gradient);
    const auto factor_of = [&](double sum) {
      return eta * std::sqrt(static_cast<double>(gradient.numel())) /
             std::max(std::sqrt(sum), 1e-12);
    };
    if (is_left_to_libtorch(gradient)) {
      const double factor = factor_of(square_sum(gradient));
      p.value.mutable_grad() = (gradient.to(at::kDouble) * factor).to(at::kFloat);
      continue;
    }
    float* const g = gradient.mutable_data_ptr<float>();
    double sum = 0;
    for (std::int64_t i = 0; i < gradient.numel(); ++i) sum += double{g[i]} * double{g[i]};
    const double factor = factor_of(sum);
    for (std::int64_t i = 0; i < gradient.numel(); ++i) {
      g[i] = static_cast<float>(double{g[i]} * factor);
    }
    p.value.mutable_grad() = gradient;
  }
}

float clip_gradients(const parameter_list& parameters, double limit, const arm& products) {
  const at::NoGradGuard no_grad;
  if (products.covers(scope::optimizer)) {
    std::vector<at::Tensor> gradients;
    for (const parameter& p : parameters.all()) {
      if (p.value.grad().defined()) gradients.push_back(p.value.grad().contiguous());
    }
    const std::vector<at::Tensor> clipped =
        operators::clip_grad_norm(gradients, limit, products.plain_label());
    std::size_t next = 0;
    for (const parameter& p : parameters.all()) {
      if (p.value.grad().defined()) p.value.mutable_grad() = clipped[next++];
    }
    return 0;
  }
  float sum = 0;
  for (const parameter& p : parameters.all()) {
    if (!p.value.grad().defined()) continue;
    const at::Tensor gradient = p.value.grad().contiguous();
    const at::Tensor squares = gradient * gradient;
    sum += is_left_to_libtorch(squares)
               ? squares.sum().item<float>()
               : lane_sum(squares.const_data_ptr<float>(), squares.numel());
  }
  const float norm = std::sqrt(sum);
  if (limit == 0) return norm;
  // A comparison that a NaN fails keeps it.
  const float ratio = static_cast<float>(limit) / norm;
  const float factor = ratio > 1 ? 1.0F : ratio;
  for (const parameter& p : parameters.all()) {
    if (p.value.grad().defined()) p.value.mutable_grad().mul_(factor);
  }
  return norm;
}

}  // namespace pamkit::training
