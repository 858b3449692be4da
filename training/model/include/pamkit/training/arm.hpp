#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pamkit/arithmetic.hpp"
#include "pamkit/format/any_format.hpp"

namespace pamkit::training {

/// How much of a training step an arm's arithmetic computes, forward and backward; each includes those before.
enum class scope : std::uint8_t {
  matmul,     ///< linear layers, attention products, convolutions
  softmax,    ///< and attention's softmax
  norm,       ///< and normalisations
  loss,       ///< and cross entropy with its smoothed targets
  optimizer,  ///< and the update of parameters, with weight decay and clipping
  all         ///< and what multiplies besides: dropout, activations, scales of attention and of embeddings
};

/// "matmul", ..., "all".
std::string_view name_of(scope s);
std::optional<scope> parse_scope(std::string_view name);

/// What of a cross entropy is not its operands.
struct loss_settings {
  double smoothing = 0;
  bool centred = false;  ///< in scope `loss` of inexact products: see centred_gradient
};

/// One side of a comparison: what the products of a model are computed with, forward and backward. Everything
/// that an arm does not replace computes ordinarily through LibTorch; where LibTorch's own bits depend on the
/// number of threads, every arm but native takes the project's definition instead.
///
/// Arm `adder` is AdderNet, set up as it trains: linear layers are adder layers, each followed by a layer norm,
/// with weights of their own spread and learning rate; attention scores are -sum abs(q - k) / sqrt(head width)
/// with clipped derivatives for both sides; the output projection stays exact, and so do attention's values and
/// not the first layer unless its settings (adder_settings) say otherwise.
class arm {
 public:
  /// `label`: "native", a registered arithmetic or "pam:ALPHA". `format` is what operands of products are cut
  /// to, forward and backward: binary32 or a binary32mN; sums and everything else keep binary32. Throws
  /// input_error where the label is none of these, the arithmetic has no derivative of this kind or lacks the
  /// operations that the scope needs, or the format is another.
  arm(std::string label, derivative gradient, scope covered = scope::matmul,
      const any_format& format = binary32{});

  const std::string& label() const { return label_; }
  derivative gradient() const { return gradient_; }
  bool is_native() const { return native_; }
  scope covered() const { return covered_; }
  const any_format& format() const { return format_; }

  /// Whether this arm's arithmetic computes what `part` adds.
  bool covers(scope part) const { return !native_ && covered_ >= part; }

  /// ARITHMETIC[+SCOPE][+exact][+FORMAT], defaults not written, ":" written "_".
  std::string folder_label() const;

  /// Whether products decay moments by another factor than the one they are given: AdamW's corrected decay
  /// is for such arms.
  bool has_inexact_products() const { return !native_ && label_ != "exact"; }

  /// The arithmetic of everything but contractions, as the operators take it.
  const std::string& plain_label() const { return label_; }
  const std::string& gradient_name() const { return gradient_name_; }

  /// The same layers and parameters with ordinary products and everything else ordinary: what an arm's gradients are
  /// compared with.
  arm with_exact_products() const;

  /// Whether a layer norm follows each linear layer, whose weights then have their own spread and rate.
  bool is_adder() const { return adder_; }

  /// x [..., K], weight [N, K], bias [N] -> [..., N]: a linear layer inside the model.
  at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const;

  /// See operators::conv2d; square stride and padding.
  at::Tensor conv2d(const at::Tensor& x, const at::Tensor& weight,
                    const std::optional<at::Tensor>& bias, std::int64_t stride,
                    std::int64_t padding, std::int64_t groups) const;

  /// linear and conv2d of layers that stay exact in arm `adder`: the output projection, a classifier, and the
  /// first layer where it is asked for. In every other arm they are linear and conv2d.
  at::Tensor exact_linear(const at::Tensor& x, const at::Tensor& weight,
                          const std::optional<at::Tensor>& bias = std::nullopt) const;
  at::Tensor exact_conv2d(const at::Tensor& x, const at::Tensor& weight,
                          const std::optional<at::Tensor>& bias, std::int64_t stride,
                          std::int64_t padding, std::int64_t groups) const;

  /// Attention scores, scaled by RN(1/sqrt(D)): queries [B, M, D], keys [B, N, D] -> [B, M, N].
  at::Tensor attention_scores(const at::Tensor& queries, const at::Tensor& keys) const;

  /// weights [B, M, N], values [B, N, D] -> [B, M, D].
  at::Tensor attention_values(const at::Tensor& weights, const at::Tensor& values) const;

  /// -sum abs(weights + identity - values) over the positions N = M, with clipped derivatives for both sides:
  /// values of adder attention (Shu et al. 2021). The same with ordinary products in with_exact_products().
  at::Tensor adder_values(const at::Tensor& weights, const at::Tensor& values) const;

  /// Over the last axis. A masked element, -inf, becomes +0.
  at::Tensor softmax(const at::Tensor& x) const;

  /// Normalises the last axis: gain (x - mean) / sqrt(variance + 1e-5) + bias.
  at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& gain, const at::Tensor& bias) const;

  /// x times RN(factor).
  at::Tensor scaled(const at::Tensor& x, double factor) const;

  /// +0 where keep [as x] is 0, the other elements times RN(1 / (1 - p)).
  at::Tensor dropout(const at::Tensor& x, const at::Tensor& keep, double p) const;

  /// x times the normal distribution function of x, by erf; in scope `all` x over 1 + 2^-u with
  /// u = x (c + d x^2), the piecewise affine steps of its tanh form.
  at::Tensor gelu(const at::Tensor& x) const;

  /// Rows of `table` [V, C] for `ids` [...] -> [..., C].
  at::Tensor embedding(const at::Tensor& table, const at::Tensor& ids) const;

  /// Mean over the rows whose target is not `ignored` of the cross entropy against a smoothed target: FairSeq's
  /// (1 - smoothing for the target, smoothing / (V - 1) for each other class) or PyTorch's (1 - smoothing +
  /// smoothing / V and smoothing / V). logits [R, V], targets [R].
  at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& targets,
                           const loss_settings& settings, std::int64_t ignored,
                           bool fairseq = true) const;

  /// The same without the arithmetic of scope `loss`: what is comparable between arms.
  at::Tensor ordinary_cross_entropy(const at::Tensor& logits, const at::Tensor& targets,
                                    double smoothing, std::int64_t ignored,
                                    bool fairseq = true) const;

 private:
  at::Tensor conv2d_by(const std::string& label, const at::Tensor& x, const at::Tensor& weight,
                       const std::optional<at::Tensor>& bias, std::int64_t stride,
                       std::int64_t padding, std::int64_t groups) const;

  std::string label_;
  derivative gradient_;
  scope covered_;
  any_format format_;
  std::string product_label_;  ///< with the format that operands are cut to
  bool native_ = false;
  bool adder_ = false;
  std::string exact_part_;  ///< arithmetic of attention's values and the output projection
  std::string gradient_name_;
};

}  // namespace pamkit::training
