#include "pamkit/training/arm.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>

#include "pamkit/arguments/suggestion.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/operators/layers.hpp"
#include "pamkit/operators/operators.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/functions.hpp"
#include "pamkit/training/input_error.hpp"

namespace pamkit::training {
namespace {

constexpr double kNormEpsilon = 1e-5;

// What would be right in place of `label`.
std::string known_arms(const std::string& label) {
  std::vector<std::string> names = {"native"};
  for (const arithmetic_info& info : arithmetics()) names.emplace_back(info.name);
  return fmt::format("give {} or pam:ALPHA with ALPHA a decimal in [1, 2){}",
                     fmt::join(names, ", "), suggestion(label, names));
}

double attention_scale(const at::Tensor& queries) {
  return static_cast<float>(1 / std::sqrt(static_cast<double>(queries.size(-1))));
}

struct named_scope {
  scope value;
  std::string_view name;
};
constexpr std::array kScopes = {named_scope{scope::matmul, "matmul"},
                                named_scope{scope::softmax, "softmax"},
                                named_scope{scope::norm, "norm"},
                                named_scope{scope::loss, "loss"},
                                named_scope{scope::optimizer, "optimizer"},
                                named_scope{scope::all, "all"}};

}  // namespace

std::string_view name_of(scope s) { return kScopes[static_cast<std::size_t>(s)].name; }

std::optional<scope> parse_scope(std::string_view name) {
  for (const named_scope& s : kScopes) {
    if (s.name == name) return s.value;
  }
  return std::nullopt;
}

arm::arm(std::string label, derivative gradient, scope covered, const any_format& format)
    : label_(std::move(label)),
      gradient_(gradient),
      covered_(covered),
      format_(format),
      product_label_(label_),
      native_(label_ == "native"),
      adder_(label_ == "adder"),
      exact_part_(adder_ ? "exact" : label_),
      gradient_name_(gradient == derivative::exact ? "exact" : "approx") {
  const std::string format_name = describe(format_).name;
  if (!std::holds_alternative<binary32>(format_)) {
    if (!std::holds_alternative<binary32m>(format_)) {
      throw input_error("--format", "training has no format " + format_name,
                        "give binary32 or binary32mN with N in 1..23");
    }
    if (native_) {
      throw input_error("--format", "native computes in binary32 alone", "leave native out");
    }
    product_label_.append("/").append(format_name);
    exact_part_.append("/").append(format_name);
  }
  if (native_) {
    if (gradient_ != derivative::approx) {
      throw input_error("--derivative", "native has LibTorch's own derivatives",
                        "give --derivative approx, or leave native out");
    }
    if (covered_ != scope::matmul) {
      throw input_error("--scope", "native replaces nothing", "give --scope matmul, or leave native out");
    }
    return;
  }
  const std::optional<arithmetic_choice> parsed = parse_arithmetic(label_);
  if (!parsed)
    throw input_error("--arithmetic", "'" + label_ + "' is not known", known_arms(label_));
  if (!parsed->info->has_derivative(gradient)) {
    throw input_error("--derivative", label_ + " has no " + gradient_name_ + " derivative",
                      "give the other one, or leave this arithmetic out");
  }
  if (covered_ != scope::matmul && !operators::defines_layer("softmax", label_)) {
    throw input_error("--scope", label_ + " defines a product and no quotient, exponential or logarithm",
                      "give it --scope matmul, or leave this arithmetic out");
  }
}

arm arm::with_exact_products() const {
  arm exact = *this;  // adder_ stays: it decides which layers there are
  exact.label_ = "exact";
  exact.product_label_ = "exact";
  exact.exact_part_ = "exact";
  exact.gradient_ = derivative::approx;
  exact.gradient_name_ = "approx";
  exact.covered_ = scope::matmul;
  exact.format_ = binary32{};
  exact.native_ = false;
  return exact;
}

std::string arm::folder_label() const {
  std::string name = label_;
  if (const std::size_t colon = name.find(':'); colon != std::string::npos) name[colon] = '_';
  if (covered_ != scope::matmul) name.append("+").append(name_of(covered_));
  if (gradient_ == derivative::exact) name += "+exact";
  if (!std::holds_alternative<binary32>(format_)) name.append("+").append(describe(format_).name);
  return name;
}

at::Tensor arm::linear(const at::Tensor& x, const at::Tensor& weight,
                       const at::Tensor& bias) const {
  if (native_) return at::linear(x, weight, bias);
  return operators::linear(x, weight, bias, product_label_, gradient_name_);
}

at::Tensor arm::conv2d(const at::Tensor& x, const at::Tensor& weight,
                       const std::optional<at::Tensor>& bias, std::int64_t stride,
                       std::int64_t padding, std::int64_t groups) const {
  return conv2d_by(product_label_, x, weight, bias, stride, padding, groups);
}

at::Tensor arm::exact_conv2d(const at::Tensor& x, const at::Tensor& weight,
                             const std::optional<at::Tensor>& bias, std::int64_t stride,
                             std::int64_t padding, std::int64_t groups) const {
  return conv2d_by(exact_part_, x, weight, bias, stride, padding, groups);
}

at::Tensor arm::conv2d_by(const std::string& label, const at::Tensor& x, const at::Tensor& weight,
                          const std::optional<at::Tensor>& bias, std::int64_t stride,
                          std::int64_t padding, std::int64_t groups) const {
  if (native_) {
    return at::conv2d(x, weight, bias, {stride, stride}, {padding, padding}, {1, 1}, groups);
  }
  return operators::conv2d(x, weight, bias, stride, padding, 1, groups, label, gradient_name_);
}

at::Tensor arm::exact_linear(const at::Tensor& x, const at::Tensor& weight,
                             const std::optional<at::Tensor>& bias) const {
  if (native_) return at::linear(x, weight, bias);
  return operators::linear(x, weight, bias, exact_part_, gradient_name_);
}

at::Tensor arm::scaled(const at::Tensor& x, double factor) const {
  const auto rounded = static_cast<double>(static_cast<float>(factor));
  if (!covers(scope::all)) return x * rounded;
  return operators::mul(x, at::full_like(x, rounded), label_, gradient_name_);
}

at::Tensor arm::attention_scores(const at::Tensor& queries, const at::Tensor& keys) const {
  const double scale = attention_scale(queries);
  if (label_ == "adder") {
    return adder_product(queries, keys.transpose(1, 2), product_label_) * scale;
  }
  const at::Tensor scaled_queries = scaled(queries, scale);
  if (native_) return at::bmm(scaled_queries, keys.transpose(1, 2));
  return operators::bmm(scaled_queries, keys.transpose(1, 2), product_label_, gradient_name_);
}

at::Tensor arm::attention_values(const at::Tensor& weights, const at::Tensor& values) const {
  if (native_) return at::bmm(weights, values);
  return operators::bmm(weights, values, exact_part_, gradient_name_);
}

at::Tensor arm::adder_values(const at::Tensor& weights, const at::Tensor& values) const {
  const at::Tensor map = weights + at::eye(weights.size(1), weights.options().requires_grad(false));
  return label_ == "adder" ? adder_product(map, values, product_label_)
                           : attention_values(map, values);
}

at::Tensor arm::softmax(const at::Tensor& x) const {
  if (covers(scope::softmax)) return operators::softmax(x, label_, gradient_name_);
  return native_ || is_left_to_libtorch(x) ? at::softmax(x, -1) : ordered_softmax(x);
}

at::Tensor arm::layer_norm(const at::Tensor& x, const at::Tensor& gain,
                           const at::Tensor& bias) const {
  if (covers(scope::norm)) {
    return operators::layer_norm(x, gain, bias, kNormEpsilon, label_, gradient_name_);
  }
  if (native_ || is_left_to_libtorch(x)) return at::layer_norm(x, {x.size(-1)}, gain, bias, kNormEpsilon);
  return ordered_layer_norm(x, gain, bias, kNormEpsilon);
}

at::Tensor arm::embedding(const at::Tensor& table, const at::Tensor& ids) const {
  const bool is_libtorchs = native_ || is_left_to_libtorch(table);
  return is_libtorchs ? at::embedding(table, ids) : ordered_embedding(table, ids);
}

at::Tensor arm::dropout(const at::Tensor& x, const at::Tensor& keep, double p) const {
  if (covers(scope::all)) return operators::dropout(x, keep, p, label_, gradient_name_);
  const auto factor = static_cast<float>(1 / (1 - p));
  if (!is_left_to_libtorch(x)) return ordered_dropout(x, keep, factor);
  return (x * static_cast<double>(factor)).masked_fill(keep.eq(0), 0);
}

at::Tensor arm::gelu(const at::Tensor& x) const {
  if (covers(scope::all)) return piecewise_affine_gelu(x, label_, gradient_name_);
  return native_ || is_left_to_libtorch(x) ? at::gelu(x) : ordered_gelu(x);
}

at::Tensor arm::cross_entropy(const at::Tensor& logits, const at::Tensor& targets,
                              const loss_settings& settings, std::int64_t ignored,
                              bool fairseq) const {
  if (!covers(scope::loss)) {
    return ordinary_cross_entropy(logits, targets, settings.smoothing, ignored, fairseq);
  }
  const bool is_centred = settings.centred && has_inexact_products();
  return operators::cross_entropy(is_centred ? centred_gradient(logits, label_) : logits, targets,
                                  settings.smoothing, fairseq, ignored, label_, gradient_name_);
}

at::Tensor arm::ordinary_cross_entropy(const at::Tensor& logits, const at::Tensor& targets,
                                       double smoothing, std::int64_t ignored, bool fairseq) const {
  // FairSeq's e is PyTorch's e V / (V - 1): the target has 1 - e + e / V there and the others e / V.
  const auto classes = static_cast<double>(logits.size(1));
  if (!native_ && !is_left_to_libtorch(logits)) {
    return ordered_cross_entropy(
        logits, targets, fairseq ? smoothing : smoothing * (classes - 1) / classes, ignored);
  }
  return at::cross_entropy_loss(logits, targets, {}, at::Reduction::Mean, ignored,
                                fairseq ? smoothing * classes / (classes - 1) : smoothing);
}

}  // namespace pamkit::training
