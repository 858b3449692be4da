#include "pamkit/training/arm.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>

#include "pamkit/backend.hpp"
#include "pamkit/operators/operators.hpp"
#include "pamkit/training/functions.hpp"
#include "pamkit/training/input_error.hpp"

namespace pamkit::training {
namespace {

constexpr double kNormEpsilon = 1e-5;

std::string known_arms() {
  std::string names = "native";
  for (const arithmetic_info& info : arithmetics()) names += ", " + std::string(info.name);
  return names + " or pam:ALPHA with ALPHA a decimal in [1, 2)";
}

double attention_scale(const at::Tensor& queries) {
  return static_cast<float>(1 / std::sqrt(static_cast<double>(queries.size(-1))));
}

}  // namespace

arm::arm(std::string label, derivative gradient)
    : label_(std::move(label)),
      gradient_(gradient),
      native_(label_ == "native"),
      adder_(label_ == "adder"),
      exact_part_(adder_ ? "exact" : label_),
      gradient_name_(gradient == derivative::exact ? "exact" : "approx") {
  if (native_) return;
  const std::optional<arithmetic_choice> parsed = parse_arithmetic(label_);
  if (!parsed) throw input_error("--arithmetic", "'" + label_ + "' is not known", "give " + known_arms());
  if (!parsed->info->has_derivative(gradient)) {
    throw input_error("--derivative", label_ + " has no " + gradient_name_ + " derivative",
                      "give the other one, or leave this arithmetic out");
  }
}

at::Tensor arm::linear(const at::Tensor& x, const at::Tensor& weight,
                       const at::Tensor& bias) const {
  if (native_) return at::linear(x, weight, bias);
  return operators::linear(x, weight, bias, label_, gradient_name_);
}

at::Tensor arm::output_projection(const at::Tensor& x, const at::Tensor& weight) const {
  if (native_) return at::linear(x, weight);
  return operators::linear(x, weight, std::nullopt, exact_part_, gradient_name_);
}

at::Tensor arm::attention_scores(const at::Tensor& queries, const at::Tensor& keys) const {
  const double scale = attention_scale(queries);
  if (adder_) return adder_scores(queries, keys) * scale;
  const at::Tensor scaled = queries * scale;
  if (native_) return at::bmm(scaled, keys.transpose(1, 2));
  return operators::bmm(scaled, keys.transpose(1, 2), label_, gradient_name_);
}

at::Tensor arm::attention_values(const at::Tensor& weights, const at::Tensor& values) const {
  if (native_) return at::bmm(weights, values);
  return operators::bmm(weights, values, exact_part_, gradient_name_);
}

at::Tensor arm::softmax(const at::Tensor& x) const {
  return native_ ? at::softmax(x, -1) : ordered_softmax(x);
}

at::Tensor arm::layer_norm(const at::Tensor& x, const at::Tensor& gain,
                           const at::Tensor& bias) const {
  if (native_) return at::layer_norm(x, {x.size(-1)}, gain, bias, kNormEpsilon);
  return ordered_layer_norm(x, gain, bias, kNormEpsilon);
}

at::Tensor arm::embedding(const at::Tensor& table, const at::Tensor& ids) const {
  return native_ ? at::embedding(table, ids) : ordered_embedding(table, ids);
}

at::Tensor arm::cross_entropy(const at::Tensor& logits, const at::Tensor& targets,
                              double smoothing, std::int64_t ignored) const {
  if (!native_) return ordered_cross_entropy(logits, targets, smoothing, ignored);
  // PyTorch's form gives the target 1 - e + e / V and the others e / V: FairSeq's for this e.
  const auto classes = static_cast<double>(logits.size(1));
  return at::cross_entropy_loss(logits, targets, {}, at::Reduction::Mean, ignored,
                                smoothing * classes / (classes - 1));
}

}  // namespace pamkit::training
