#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "pamkit/backend.hpp"

/// Operators beyond the plain products: elementwise operations, convolution, layers, loss and
/// optimiser, as torch.ops.pamkit.* and as C++ functions that go through LibTorch's dispatcher.
/// Definitions, orders of sums and derivatives are those of the specification, sections 8 to 13;
/// they are computed by the backend that contraction.hpp chooses, and no bit depends on the number
/// of threads.
///
/// Types, names and errors are as in operators.hpp: operands are widened to binary32 and results
/// encoded once. An arithmetic without the operations that a layer needs (a quotient, exp2, log2)
/// throws c10::Error.

namespace pamkit::operators {

/// a and b of one shape, any strides. Elementwise, in the format of the tensors.
at::Tensor mul(const at::Tensor& a, const at::Tensor& b, std::string_view arithmetic = "pam",
               std::string_view derivative = "approx");
at::Tensor div(const at::Tensor& a, const at::Tensor& b, std::string_view arithmetic = "pam",
               std::string_view derivative = "approx");
at::Tensor exp2(const at::Tensor& x, std::string_view arithmetic = "pam",
                std::string_view derivative = "approx");
at::Tensor log2(const at::Tensor& x, std::string_view arithmetic = "pam",
                std::string_view derivative = "approx");

/// x [N, C, H, W], weight [O, C / groups, KH, KW], bias [O] -> [N, O, H', W'].
at::Tensor conv2d(const at::Tensor& x, const at::Tensor& weight,
                  const std::optional<at::Tensor>& bias, std::int64_t stride = 1,
                  std::int64_t padding = 0, std::int64_t dilation = 1, std::int64_t groups = 1,
                  std::string_view arithmetic = "pam", std::string_view derivative = "approx");

/// Along the last axis; -inf is a masked element.
at::Tensor softmax(const at::Tensor& x, std::string_view arithmetic = "pam",
                   std::string_view derivative = "approx");
at::Tensor log_softmax(const at::Tensor& x, std::string_view arithmetic = "pam",
                       std::string_view derivative = "approx");

/// x [..., C], gain [C], bias [C].
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& gain, const at::Tensor& bias,
                      double eps = 1e-5, std::string_view arithmetic = "pam",
                      std::string_view derivative = "approx");

/// logits [R, V], classes [R] of 64-bit integers -> the mean over the rows whose class is not
/// `ignore_index`. `fairseq` chooses FairSeq's form of smoothing, else PyTorch's.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& classes, double smoothing = 0,
                         bool fairseq = false, std::int64_t ignore_index = -100,
                         std::string_view arithmetic = "pam",
                         std::string_view derivative = "approx");

/// keep: bytes, 0 where an element is dropped; the shape of x.
at::Tensor dropout(const at::Tensor& x, const at::Tensor& keep, double p,
                   std::string_view arithmetic = "pam", std::string_view derivative = "approx");

/// Host scalars of AdamW; `step` counts updates from 1, `corrected` is the corrected decay of the
/// moments.
struct adamw_scalars {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;
  std::int64_t step = 1;
  bool corrected = false;
};

/// The new parameter, m and v. Has no derivative.
std::tuple<at::Tensor, at::Tensor, at::Tensor> adamw_step(const at::Tensor& parameter,
                                                          const at::Tensor& gradient,
                                                          const at::Tensor& m, const at::Tensor& v,
                                                          const adamw_scalars& scalars,
                                                          std::string_view arithmetic = "pam");

/// The gradients times min(1, limit / norm of all). No operator: a C++ function.
std::vector<at::Tensor> clip_grad_norm(std::span<const at::Tensor> gradients, double limit,
                                       std::string_view arithmetic = "pam");

/// One layer or elementwise operation, or a part of one, as the backend computed it: encodings in
/// binary32 (of an elementwise operation in rules.format). Valid during the call only.
struct computed_layer {
  std::string_view operation;  ///< "softmax", "softmax_vjp", "mul", ...
  derivative gradient;
  const configuration& rules;
  std::span<const tensor> inputs;
  const layer_attributes& attributes;
  std::span<const tensor> outputs;
};

using layer_observer = std::function<void(const computed_layer&)>;

/// Calls `observer` after every part of a layer and at the first part of an elementwise operation,
/// one call at a time; an empty one ends it. Not to be called while an operator runs.
void observe_layers(layer_observer observer);

/// Whether this arithmetic (a label as the operators take it) defines a layer.
bool defines_layer(std::string_view operation, std::string_view arithmetic);

}  // namespace pamkit::operators
