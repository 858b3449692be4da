#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "pamkit/training/parameters.hpp"

namespace pamkit::training {

/// The learning rate of update `update` (from 1): peak update / warmup, then peak (1 + cos(pi (update -
/// warmup) / (total - warmup))) / 2.
double learning_rate(double peak, std::uint64_t update, std::uint64_t warmup, std::uint64_t total);

/// Host scalars of AdamW.
struct adamw_settings {
  double beta1;
  double beta2;
  double epsilon;
  double weight_decay;
};

/// AdamW as the specification orders its steps, over ordinary arithmetic:
///   m = m b1 + g (1-b1);  v = v b2 + (g g) (1-b2)
///   p = (p - p (wd lr)) - (m / (sqrt(v) + eps)) step,  step = lr sqrt(1-b2^t) / (1-b1^t)
/// Host scalars are computed in binary64 and rounded once. Element by element, so that threads change no bit.
class adamw {
 public:
  adamw(const parameter_list& parameters, const adamw_settings& settings);

  /// One update (`update` from 1) by the parameters' gradients; a parameter without one takes +0.
  void step(const parameter_list& parameters, double rate, std::uint64_t update);

  /// First and second moments in the parameters' order: the state to save and restore.
  std::vector<at::Tensor>& first_moments() { return first_; }
  std::vector<at::Tensor>& second_moments() { return second_; }

 private:
  adamw_settings settings_;
  std::vector<at::Tensor> first_;
  std::vector<at::Tensor> second_;
};

/// Multiplies every gradient by min(1, limit / norm), norm over all of them: per tensor a sum in 32 lanes,
/// then ascending tensor from +0. Applied even where the factor is 1. Returns the norm; a limit of 0 only
/// measures.
float clip_gradients(const parameter_list& parameters, double limit);

}  // namespace pamkit::training
