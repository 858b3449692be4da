#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "pamkit/arithmetic.hpp"

namespace pamkit::training {

/// One side of a comparison: what the products of a model are computed with, forward and backward. Everything
/// that an arm does not replace computes ordinarily through LibTorch; where LibTorch's own bits depend on the
/// number of threads, every arm but native takes the project's definition instead.
///
/// Arm `adder` is AdderNet, set up as it trains: linear layers are adder layers, each followed by a layer norm,
/// with weights of their own spread and learning rate; attention scores are -sum abs(q - k) / sqrt(head width)
/// with clipped derivatives for both sides; attention's values and the output projection stay exact.
class arm {
 public:
  /// `label`: "native", a registered arithmetic or "pam:ALPHA". Throws input_error where it is none of these
  /// or the arithmetic has no derivative of this kind.
  arm(std::string label, derivative gradient);

  const std::string& label() const { return label_; }
  derivative gradient() const { return gradient_; }
  bool is_native() const { return native_; }

  /// Whether a layer norm follows each linear layer, whose weights then have their own spread and rate.
  bool is_adder() const { return adder_; }

  /// x [..., K], weight [N, K], bias [N] -> [..., N]: a linear layer inside the model.
  at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const;

  /// x [..., K], weight [V, K] -> [..., V]: the output projection.
  at::Tensor output_projection(const at::Tensor& x, const at::Tensor& weight) const;

  /// Attention scores, scaled by RN(1/sqrt(D)): queries [B, M, D], keys [B, N, D] -> [B, M, N].
  at::Tensor attention_scores(const at::Tensor& queries, const at::Tensor& keys) const;

  /// weights [B, M, N], values [B, N, D] -> [B, M, D].
  at::Tensor attention_values(const at::Tensor& weights, const at::Tensor& values) const;

  /// Over the last axis. A masked element, -inf, becomes +0.
  at::Tensor softmax(const at::Tensor& x) const;

  /// Normalises the last axis: gain (x - mean) / sqrt(variance + 1e-5) + bias.
  at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& gain, const at::Tensor& bias) const;

  /// Rows of `table` [V, C] for `ids` [...] -> [..., C].
  at::Tensor embedding(const at::Tensor& table, const at::Tensor& ids) const;

  /// Mean over the rows whose target is not `ignored` of the cross entropy against FairSeq's smoothed target:
  /// 1 - smoothing for the target, smoothing / (V - 1) for each other class. logits [R, V], targets [R].
  at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& targets, double smoothing,
                           std::int64_t ignored) const;

 private:
  std::string label_;
  derivative gradient_;
  bool native_ = false;
  bool adder_ = false;
  std::string exact_part_;  ///< arithmetic of attention's values and the output projection
  std::string gradient_name_;
};

}  // namespace pamkit::training
