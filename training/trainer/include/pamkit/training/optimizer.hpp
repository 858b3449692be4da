#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "pamkit/training/arm.hpp"
#include "pamkit/training/parameters.hpp"

namespace pamkit::training {

/// The learning rate of update `update` (from 1): peak update / warmup, then peak (1 + cos(pi (update -
/// warmup) / (total - warmup))) / 2.
double learning_rate(double peak, std::uint64_t update, std::uint64_t warmup, std::uint64_t total);

/// What an update is computed with.
struct optimizer_settings {
  enum class method : std::uint8_t { adamw, sgd };
  method rule = method::adamw;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double momentum = 0.9;          ///< of sgd
  double weight_decay = 0;
  bool corrected_decay = false;   ///< moments decay by b where the arm's products do not: see adamw_step
  bool decay_matrices_only = false;  ///< no weight decay on parameters of one axis and on embeddings
};

/// The update of parameters by their gradients; one without a gradient takes +0. Host scalars are computed in
/// binary64 and rounded once; element by element, so that threads change no bit. Over ordinary arithmetic, or
/// over the arm's in scope `optimizer`:
///   adamw  m = m b1 + g (1-b1);  v = v b2 + (g g) (1-b2)
///          p = (p - p (wd lr)) - (m / (sqrt(v) + eps)) step,  step = lr sqrt(1-b2^t) / (1-b1^t)
///   sgd    m = m momentum + (g + p wd);  p = p - m lr
class optimizer {
 public:
  optimizer(const parameter_list& parameters, const optimizer_settings& settings,
            const arm& products);

  /// One update (`update` from 1).
  void step(const parameter_list& parameters, double rate, std::uint64_t update);

  /// Computes an update, and clipping to `limit` where that is not 0, as step would, and throws the results away: for
  /// verification.
  void rehearse(const parameter_list& parameters, double limit) const;

  /// The state to save and restore, in the parameters' order: m, and v of adamw.
  std::vector<std::pair<std::string, at::Tensor>> state(const parameter_list& parameters) const;

 private:
  double decay_of(const parameter& p) const;
  std::tuple<at::Tensor, at::Tensor, at::Tensor> next_adamw(std::size_t i, const parameter& p,
                                                            double rate, std::uint64_t update) const;
  void adamw_update(std::size_t i, const parameter& p, double rate, std::uint64_t update);
  void sgd_update(std::size_t i, const parameter& p, double rate);

  optimizer_settings settings_;
  arm products_;
  std::vector<at::Tensor> first_;
  std::vector<at::Tensor> second_;
};

/// AdderNet's adaptive rate: the gradient of every adder weight becomes eta sqrt(k) / max(norm2, 1e-12) times
/// itself, k its number of elements; binary64, rounded once.
void scale_adder_gradients(const parameter_list& parameters, double eta);

/// Multiplies every gradient by min(1, limit / norm), norm over all of them: per tensor a sum in 32 lanes,
/// then ascending tensor from +0. Applied even where the factor is 1. Returns the norm; a limit of 0 only
/// measures. In scope `optimizer` as the arm's arithmetic has it, where a limit of 0 measures nothing.
float clip_gradients(const parameter_list& parameters, double limit, const arm& products);

}  // namespace pamkit::training
