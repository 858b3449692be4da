#include "pamkit/training/optimizer.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <numbers>

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

update_scalars scalars_of(const adamw_settings& s, double rate, std::uint64_t update) {
  const auto t = static_cast<double>(update);
  const double step =
      rate * std::sqrt(1 - std::pow(s.beta2, t)) / (1 - std::pow(s.beta1, t));
  return {static_cast<float>(s.beta1),   static_cast<float>(1 - s.beta1),
          static_cast<float>(s.beta2),   static_cast<float>(1 - s.beta2),
          static_cast<float>(s.epsilon), static_cast<float>(s.weight_decay * rate),
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

adamw::adamw(const parameter_list& parameters, const adamw_settings& settings)
    : settings_(settings) {
  for (const parameter& p : parameters.all()) {
    first_.push_back(at::zeros(p.value.sizes(), at::kFloat));
    second_.push_back(at::zeros(p.value.sizes(), at::kFloat));
  }
}

void adamw::step(const parameter_list& parameters, double rate, std::uint64_t update) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters.all().size(); ++i) {
    const parameter& p = parameters.all()[i];
    const update_scalars scalars = scalars_of(settings_, rate * p.rate_scale, update);
    const at::Tensor gradient = gradient_of(p);
    const float* const g = gradient.const_data_ptr<float>();
    float* const m = first_[i].mutable_data_ptr<float>();
    float* const v = second_[i].mutable_data_ptr<float>();
    float* const value = p.value.mutable_data_ptr<float>();
    at::parallel_for(0, gradient.numel(), kElementsPerTask,
                     [&](std::int64_t begin, std::int64_t end) {
                       update_range(scalars, g, m, v, value, begin, end);
                     });
  }
}

float clip_gradients(const parameter_list& parameters, double limit) {
  const at::NoGradGuard no_grad;
  float sum = 0;
  for (const parameter& p : parameters.all()) {
    if (!p.value.grad().defined()) continue;
    const at::Tensor gradient = p.value.grad().contiguous();
    const at::Tensor squares = gradient * gradient;
    sum += lane_sum(squares.const_data_ptr<float>(), squares.numel());
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
