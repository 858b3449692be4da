#include "layer_statistics.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include <bit>
#include <cmath>

#include "json_number.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/convert.hpp"
#include "pamkit/operators/contraction.hpp"
#include "pamkit/operators/layers.hpp"
#include "pamkit/operators/operators.hpp"
#include "pamkit/training/philox.hpp"

namespace pamkit::training {
namespace {

using at::Tensor;

constexpr std::uint32_t kMagnitude = 0x7FFFFFFF;
constexpr std::uint32_t kInfinity = 0x7F800000;
constexpr std::uint32_t kLeastNormal = 0x00800000;

// Name of the layer that a parameter belongs to.
std::string layer_name(const std::string& parameter_name) {
  const std::string ending = ".weight";
  return parameter_name.ends_with(ending)
             ? parameter_name.substr(0, parameter_name.size() - ending.size())
             : parameter_name;
}

std::string without_last_part(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? std::string() : name.substr(0, dot + 1);
}

bool is_one_of(const std::string& name, std::initializer_list<const char*> names) {
  for (const char* const n : names) {
    if (name == n) return true;
  }
  return false;
}

// Two axes as a batch of one.
Tensor batched(const Tensor& t) { return t.dim() == 2 ? t.unsqueeze(0) : t; }

Tensor as_rows(const Tensor& t) { return t.reshape({-1, t.size(-1)}); }

std::uint32_t element(const Tensor& t, std::int64_t batch, std::int64_t row, std::int64_t column) {
  return std::bit_cast<std::uint32_t>(
      t.const_data_ptr<float>()[batch * t.stride(0) + row * t.stride(1) + column * t.stride(2)]);
}

bool is_linear(const operator_event& e) {
  return is_one_of(e.name, {"pamkit::linear", "aten::linear"});
}
bool is_batched(const operator_event& e) { return is_one_of(e.name, {"pamkit::bmm", "aten::bmm"}); }
bool is_convolution(const operator_event& e) {
  return is_one_of(e.name, {"pamkit::conv2d", "aten::conv2d"});
}

// The products of an arithmetic as elementwise operation.
struct product_rules {
  configuration product;
  configuration plain;  ///< without compensation: of an incoming derivative and a slope
  bool takes_slopes = false;

  product_rules(const arithmetic_choice& chosen, const any_format& format, bool exact_derivative)
      : product(chosen.configure(format, subnormal_policy::flush, overflow_policy::infinity)),
        plain(product),
        takes_slopes(exact_derivative && chosen.info->defines("mul_da")) {
    plain.compensation = 0;
  }
};

std::vector<std::uint32_t> computed(const char* operation, const configuration& rules,
                                    const std::vector<std::uint32_t>& a,
                                    const std::vector<std::uint32_t>& b) {
  std::vector<std::uint32_t> out(a.size());
  scalar_backend().elementwise(operation, rules.arithmetic)(rules, a.data(), b.data(), out.data(),
                                                            a.size());
  return out;
}

// As the operators cut operands.
void cut_operands(const any_format& format, std::vector<std::uint32_t>& words) {
  const binary32m* const shorter = std::get_if<binary32m>(&format);
  if (shorter == nullptr) return;
  for (std::uint32_t& w : words) {
    w = static_cast<std::uint32_t>(
        cut({w}, shorter->kept_bits, cut_mode::nearest, overflow_policy::infinity).bits);
  }
}

}  // namespace

// --- Elements and resemblance
// -------------------------------------------------------------------------

void element_tally::add(const Tensor& t) {
  const Tensor values = t.detach().contiguous();
  const float* const x = values.const_data_ptr<float>();
  elements_ += static_cast<std::uint64_t>(values.numel());
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(x[i]) & kMagnitude;
    if (magnitude == 0) ++zeros_;
    if (magnitude > 0 && magnitude < kLeastNormal) ++subnormals_;
    if (magnitude == kInfinity) ++infinities_;
    if (magnitude > kInfinity) ++nans_;
  }
}

nlohmann::ordered_json element_tally::json() const {
  return {{"elements", elements_},
          {"zeros", zeros_},
          {"subnormals", subnormals_},
          {"infinities", infinities_},
          {"nans", nans_}};
}

void resemblance::add(const Tensor& value, const Tensor& reference) {
  const Tensor a = value.detach().contiguous();
  const Tensor b = reference.detach().contiguous();
  const float* const x = a.const_data_ptr<float>();
  const float* const y = b.const_data_ptr<float>();
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    value_squares_ += double{x[i]} * double{x[i]};
    reference_squares_ += double{y[i]} * double{y[i]};
    products_ += double{x[i]} * double{y[i]};
  }
}

nlohmann::ordered_json resemblance::json(bool with_gain) const {
  nlohmann::ordered_json result;
  if (with_gain) result["gain"] = number_or_null(products_ / reference_squares_);
  result["norm_ratio"] = number_or_null(std::sqrt(value_squares_ / reference_squares_));
  result["cosine"] =
      number_or_null(products_ / (std::sqrt(value_squares_) * std::sqrt(reference_squares_)));
  return result;
}

// --- Layers
// -------------------------------------------------------------------------------------------

// Operands of a contraction over k: a [B, R, K], b [B, K, N], and of a backward pass d [B, R, N].
// Of a convolution in groups a has the columns of all groups, one behind the other.
struct layer_statistics::terms {
  Tensor a{};
  Tensor b{};
  Tensor d{};
  std::int64_t groups = 1;
};

layer_statistics::layer_statistics(const parameter_list& parameters) {
  for (const parameter& p : parameters.all()) {
    names_[p.value.const_data_ptr()] = layer_name(p.name);
  }
}

layer_statistics::layer* layer_statistics::layer_of(const operator_event& e) {
  const void* const operand = e.tensor(1).const_data_ptr();
  if (!e.is_backward && is_batched(e)) {
    // The products of queries and keys, then those of weights and values, come behind the query's
    // layer.
    const char* const part = products_since_ == 0   ? "scores"
                             : products_since_ == 1 ? "values"
                                                    : "product";
    names_[operand] = without_last_part(last_parameter_layer_) + part;
    ++products_since_;
  }
  const auto name = names_.find(operand);
  if (name == names_.end()) return nullptr;
  if (!e.is_backward && !is_batched(e)) {
    last_parameter_layer_ = name->second;
    products_since_ = 0;
  }
  for (layer& l : layers_) {
    if (l.name == name->second) return &l;
  }
  layers_.emplace_back();
  layers_.back().name = name->second;
  return &layers_.back();
}

void layer_statistics::look_at(const operator_event& e) {
  const at::NoGradGuard no_grad;
  if (is_one_of(e.name, {"pamkit::layer_norm", "aten::native_layer_norm"})) {
    norm_widths_.insert(e.tensor(0).size(-1));
  } else if (!e.is_backward && (is_linear(e) || is_batched(e) || is_convolution(e))) {
    look_at_product(e);
  } else if (is_one_of(e.name, {"pamkit::product_vjp_a", "pamkit::product_vjp_b"})) {
    layer* const l = layer_of(e);
    if (l == nullptr) return;
    sample(l->backward, e, e.name.ends_with("_a") ? factor::derivative_a : factor::derivative_b,
           {.a = batched(e.tensor(0)), .b = batched(e.tensor(1)), .d = batched(e.tensor(2))});
  } else if (e.name == "pamkit::conv2d_vjp") {
    // Of stride, padding and the like its event knows nothing: those of the forward call are kept.
    layer* const l = layer_of(e);
    const auto forward = convolutions_.find(e.tensor(1).const_data_ptr());
    if (l == nullptr || forward == convolutions_.end()) return;
    terms t = unfolded(forward->second);
    t.d = e.tensor(2).narrow(0, 0, 1).flatten(2).transpose(1, 2);
    sample(l->backward, e, factor::derivative_a, t);
    sample(l->backward, e, factor::derivative_b, t);
  }
}

void layer_statistics::look_at_product(const operator_event& e) {
  layer* const found = layer_of(e);
  if (found == nullptr) return;
  layer& l = *found;
  const std::string arithmetic = e.arithmetic();
  l.operation = e.name.substr(e.name.find("::") + 2);
  l.arithmetic = arithmetic.empty() ? "native" : arithmetic;
  const Tensor a = e.tensor(0).detach();
  const Tensor b = e.tensor(1).detach();
  // Without the bias, whose addition rounds: the arm's product is computed again.
  const bool is_native = arithmetic.empty();
  Tensor product;
  Tensor exact;
  terms t;
  if (is_batched(e)) {
    product = e.output().detach();
    exact = operators::bmm(a, b, "exact");
    t = {.a = a, .b = b};
  } else if (is_linear(e)) {
    product = is_native ? at::linear(a, b) : operators::linear(a, b, std::nullopt, arithmetic);
    exact = operators::linear(a, b, std::nullopt, "exact");
    t = {.a = batched(as_rows(a)), .b = batched(b.t())};
  } else {
    const convolution_call c = convolution_of(e);
    const auto convolved = [&](const std::string& label) {
      return operators::conv2d(a, b, std::nullopt, c.stride, c.padding, c.dilation, c.groups,
                               label);
    };
    product = is_native ? at::conv2d(a, b, {}, {c.stride, c.stride}, {c.padding, c.padding},
                                     {c.dilation, c.dilation}, c.groups)
                        : convolved(arithmetic);
    exact = convolved("exact");
    convolutions_[b.const_data_ptr()] = c;
    t = unfolded(c);
  }
  l.output.add(e.output());
  l.to_exact.add(product, exact);
  sample(l.forward, e, factor::operands, t);
}

layer_statistics::convolution_call layer_statistics::convolution_of(const operator_event& e) {
  // This project's has numbers where LibTorch's has one for each axis, which are equal in these
  // models.
  const auto number = [&](std::size_t i) {
    return e.inputs[i].isInt() ? e.inputs[i].toInt() : e.inputs[i].toIntVector()[0];
  };
  return {.x = e.tensor(0).detach(),
          .weight = e.tensor(1).detach(),
          .stride = number(3),
          .padding = number(4),
          .dilation = number(5),
          .groups = number(6)};
}

layer_statistics::terms layer_statistics::unfolded(const convolution_call& call) {
  const Tensor image = call.x.narrow(0, 0, 1).contiguous();
  const Tensor columns =
      at::im2col(image, {call.weight.size(2), call.weight.size(3)}, {call.dilation, call.dilation},
                 {call.padding, call.padding}, {call.stride, call.stride});
  return {.a = columns.transpose(1, 2),
          .b = call.weight.flatten(1).t().unsqueeze(0),
          .d = {},
          .groups = call.groups};
}

void layer_statistics::sample(product_tally& tally, const operator_event& e, factor kind,
                              const terms& t) {
  const std::string label = e.arithmetic();
  const std::size_t slash = label.find('/');
  const std::optional<arithmetic_choice> chosen = parse_arithmetic(label.substr(0, slash));
  // AdderNet has differences; LibTorch's own kernels promise nothing of single products.
  if (!chosen || chosen->info->name == "adder" || t.a.numel() == 0 || t.b.numel() == 0) return;
  const any_format format =
      slash == std::string::npos ? any_format(binary32{}) : *parse_format(label.substr(slash + 1));
  const product_rules rules(*chosen, format, e.derivative() == "exact");
  const Tensor a = t.a.detach();
  const Tensor b = t.b.detach();
  const Tensor d = t.d.defined() ? t.d.detach() : t.d;
  const std::int64_t outputs_of_group = b.size(2) / t.groups;
  std::vector<std::uint32_t> left;
  std::vector<std::uint32_t> right;
  std::vector<std::uint32_t> incoming;
  const std::uint32_t call = draws_++;
  for (std::uint32_t i = 0; i < drawn_terms; ++i) {
    const philox_counter r = philox4x32_10({i, call, 0, 0}, {0, 0});
    const std::int64_t batch = r[0] % b.size(0);
    const std::int64_t row = r[1] % a.size(1);
    const std::int64_t column = r[2] % b.size(2);
    const std::int64_t k = r[3] % b.size(1);
    const std::int64_t group = column / outputs_of_group;
    left.push_back(element(a, batch, row, group * b.size(1) + k));
    right.push_back(element(b, batch, k, column));
    if (d.defined()) incoming.push_back(element(d, batch, row, column));
  }
  cut_operands(format, left);
  cut_operands(format, right);
  cut_operands(format, incoming);
  if (kind == factor::derivative_b) std::swap(left, right);
  // Forward a b; backward d b for a and d a for b, or d times the slope there.
  std::vector<std::uint32_t> first = left;
  std::vector<std::uint32_t> second = right;
  bool is_slope = false;
  if (kind != factor::operands) {
    is_slope = rules.takes_slopes;
    first = incoming;
    if (is_slope) second = computed("mul_da", rules.product, left, right);
  }
  const std::vector<std::uint32_t> products =
      computed("mul", is_slope ? rules.plain : rules.product, first, second);
  for (std::size_t i = 0; i < products.size(); ++i) {
    const std::uint32_t x = first[i] & kMagnitude;
    const std::uint32_t y = second[i] & kMagnitude;
    const std::uint32_t z = products[i] & kMagnitude;
    ++tally.sampled;
    if (x < kInfinity && y < kInfinity && z == kInfinity) ++tally.overflows;
    if (x >= kLeastNormal && y >= kLeastNormal && z < kLeastNormal) ++tally.underflows;
  }
}

nlohmann::ordered_json layer_statistics::json() const {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  const auto tally_json = [](const product_tally& t) -> nlohmann::ordered_json {
    if (t.sampled == 0) return {};
    return {{"sampled", t.sampled}, {"overflows", t.overflows}, {"underflows", t.underflows}};
  };
  for (const layer& l : layers_) {
    nlohmann::ordered_json entry = {
        {"name", l.name}, {"operator", l.operation}, {"arithmetic", l.arithmetic}};
    entry.update(l.to_exact.json(true));
    entry["output"] = l.output.json();
    entry["forward_products"] = tally_json(l.forward);
    entry["backward_products"] = tally_json(l.backward);
    all.push_back(std::move(entry));
  }
  return all;
}

}  // namespace pamkit::training
