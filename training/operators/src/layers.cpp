#include "pamkit/operators/layers.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/autograd_not_implemented_fallback.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <functional>
#include <stdexcept>
#include <string>

#include "choice.hpp"
#include "encode.hpp"
#include "layer_engine.hpp"
#include "pamkit/detail/encode.hpp"
#include "pamkit/operation.hpp"
#include "pamkit/operators/recorded.hpp"

/// Schemas, implementations for CPU, CUDA and Meta tensors and backward passes of what layers.hpp declares. One
/// forward and one backward function serve every layer: which operands have a derivative is in the
/// layer's own description.

TORCH_LIBRARY_FRAGMENT(pamkit, library) {
  const char* const names = "*, str arithmetic=\"pam\", str derivative=\"approx\"";
  const auto define = [&](const std::string& head, const std::string& result) {
    const std::size_t place = head.find("NAMES");
    library.def((head.substr(0, place) + names + head.substr(place + 5) + " -> " + result).c_str());
  };
  define("mul(Tensor a, Tensor b, NAMES)", "Tensor");
  define("div(Tensor a, Tensor b, NAMES)", "Tensor");
  define("exp2(Tensor x, NAMES)", "Tensor");
  define("log2(Tensor x, NAMES)", "Tensor");
  define(
      "conv2d(Tensor x, Tensor weight, Tensor? bias=None, int stride=1, int padding=0, "
      "int dilation=1, int groups=1, NAMES)",
      "Tensor");
  define("softmax(Tensor x, NAMES)", "Tensor");
  define("log_softmax(Tensor x, NAMES)", "Tensor");
  define("layer_norm(Tensor x, Tensor gain, Tensor bias, float eps=1e-05, NAMES)", "Tensor");
  define(
      "cross_entropy(Tensor logits, Tensor classes, float smoothing=0.0, bool fairseq=False, "
      "int ignore_index=-100, NAMES)",
      "Tensor");
  define("dropout(Tensor x, Tensor keep, float p, NAMES)", "Tensor");
  define(
      "adamw_step(Tensor parameter, Tensor gradient, Tensor m, Tensor v, float "
      "learning_rate=0.001, "
      "float beta1=0.9, float beta2=0.999, float eps=1e-08, float weight_decay=0.01, int step=1, "
      "bool corrected=False, NAMES)",
      "(Tensor, Tensor, Tensor)");
}

namespace pamkit::operators {
namespace {

using at::Tensor;
using std::string_view;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

std::string full_name(string_view operation) { return "pamkit::" + std::string(operation); }

// What `compute` gives; errors of the backend name the operator.
template <class Compute>
auto told(string_view operation, const Compute& compute) {
  try {
    return compute();
  } catch (const std::invalid_argument& error) {
    TORCH_CHECK_VALUE(false, full_name(operation), ": ", error.what());
  }
}

// One call of a layer as an operator sees it.
struct call {
  std::string operation;
  std::vector<Tensor> inputs;
  layer_attributes attributes;
  std::int64_t ignored = -100;
  std::string arithmetic;
  std::string gradient;
};

void check_devices(const std::string& op, const std::vector<Tensor>& operands) {
  for (const Tensor& t : operands) {
    TORCH_CHECK_VALUE(t.device() == operands[0].device(), op, ": an operand is on ", t.device(),
                      " and the first one on ", operands[0].device(),
                      "; they must be on one device");
  }
}

std::vector<Tensor> compute(const call& c, bool is_vjp, const Tensor& d = {}) {
  const std::string op = full_name(c.operation);
  check_devices(op, c.inputs);
  const choice chosen = parse_choice(op.c_str(), c.arithmetic, c.gradient);
  const at::ScalarType type = c.inputs[0].scalar_type();
  configuration rules = configuration_of(op.c_str(), chosen, type);
  std::vector<Tensor> inputs = c.inputs;
  if (is_vjp) inputs.push_back(d);
  std::int64_t elements = 0;
  for (const Tensor& t : c.inputs) elements += t.numel();
  const recorded observed(op + (is_vjp ? "_vjp" : ""), inputs[0],
                          inputs.size() > 1 ? inputs[1] : Tensor(), d, c.arithmetic, c.gradient,
                          elements);
  // Of the layers convolution alone is a contraction, whose operands are cut.
  if (c.operation == "conv2d") {
    for (Tensor& t : inputs) t = t.numel() == 0 ? t : operand(t, rules);
    if (inputs[2].numel() != 0) inputs[2] = c.inputs[2];
  }
  std::vector<Tensor> results = told(c.operation, [&] {
    return compute_layer({c.operation + (is_vjp ? "_vjp" : ""), rules, chosen.gradient, inputs,
                          c.attributes, c.ignored});
  });
  for (Tensor& t : results) t = encoded(t, type, rules);
  return results;
}

class layer_function : public Function<layer_function> {
 public:
  // The operands stand alone, because only they can be part of a graph.
  static Tensor forward(AutogradContext* context, const Tensor& first,
                        const std::optional<Tensor>& second, const std::optional<Tensor>& third,
                        const call& c, const std::function<Tensor()>& below) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({first, second.value_or(Tensor()), third.value_or(Tensor())});
    context->saved_data["operation"] = c.operation;
    context->saved_data["arithmetic"] = c.arithmetic;
    context->saved_data["derivative"] = c.gradient;
    context->saved_data["ignored"] = c.ignored;
    c10::Dict<std::string, double> attributes;
    for (const auto& [name, value] : c.attributes) attributes.insert(name, value);
    context->saved_data["attributes"] = attributes;
    return below();
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    call c;
    c.operation = context->saved_data["operation"].toStringRef();
    c.arithmetic = context->saved_data["arithmetic"].toStringRef();
    c.gradient = context->saved_data["derivative"].toStringRef();
    c.ignored = context->saved_data["ignored"].toInt();
    const auto attributes = context->saved_data["attributes"].to<c10::Dict<std::string, double>>();
    for (const auto& entry : attributes) c.attributes[entry.key()] = entry.value();
    for (const Tensor& t : context->get_saved_variables()) {
      if (t.defined()) c.inputs.push_back(t);
    }
    const bool without_bias = c.operation == "conv2d" && c.inputs.size() == 2;
    if (without_bias) c.inputs.push_back(at::empty({0}, c.inputs[0].options()));
    const std::vector<Tensor> derivatives = compute(c, true, outputs[0]);
    variable_list result(3);
    std::size_t next = 0;
    const layer_info& info = *find_layer(c.operation);
    for (std::size_t i = 0; i < info.inputs.size(); ++i) {
      if (info.inputs[i].is_differentiable) result[i] = derivatives[next++];
    }
    if (without_bias) result[2] = Tensor();
    result.insert(result.end(), 2, Tensor());  // the call and `below`
    return result;
  }
};

Tensor differentiable(const call& c, const std::function<Tensor()>& below) {
  const auto at = [&](std::size_t i) {
    return i < c.inputs.size() ? std::optional(c.inputs[i]) : std::nullopt;
  };
  const bool needed =
      at::GradMode::is_enabled() &&
      std::ranges::any_of(c.inputs, [](const Tensor& t) { return t.requires_grad(); });
  if (needed) {
    const std::string op = full_name(c.operation);
    check_derivative(op.c_str(), parse_choice(op.c_str(), c.arithmetic, c.gradient));
  }
  return layer_function::apply(c.inputs[0], at(1), at(2), c, below);
}

void check_names(string_view operation, const Tensor& t, string_view arithmetic,
                 string_view gradient) {
  const std::string op = full_name(operation);
  configuration_of(op.c_str(), parse_choice(op.c_str(), arithmetic, gradient), t.scalar_type());
}

template <class Signature>
c10::TypedOperatorHandle<Signature> find_operator(string_view operation) {
  return c10::Dispatcher::singleton()
      .findSchemaOrThrow(full_name(operation).c_str(), "")
      .template typed<Signature>();
}

// --- Elementwise
// ------------------------------------------------------------------------------------

configuration rules_of(const std::string& op, const choice& chosen, at::ScalarType type,
                       bool is_product) {
  configuration rules = configuration_of(op.c_str(), chosen, type);
  if (!is_product) rules.compensation = 0;
  return rules;
}

void check_alike(const std::string& op, const Tensor& a, const Tensor& b) {
  TORCH_CHECK_VALUE(a.sizes() == b.sizes(), op, ": a has shape ", a.sizes(), " and b has shape ",
                    b.sizes(), "; they must be equal");
  TORCH_CHECK_TYPE(a.scalar_type() == b.scalar_type(), op, ": a is ", a.scalar_type(), " and b is ",
                   b.scalar_type(), "; they must be of one type");
  check_devices(op, {a, b});
}

// The operations of one call, with and without the compensation that belongs to products.
struct elementwise_steps {
  configuration product;
  configuration plain;

  elementwise_steps(const std::string& op, const choice& chosen, at::ScalarType type)
      : product(rules_of(op, chosen, type, true)), plain(rules_of(op, chosen, type, false)) {}

  Tensor mul(const Tensor& a, const Tensor& b) const { return run("mul", product, a, b); }
  Tensor div(const Tensor& a, const Tensor& b) const { return run("div", product, a, b); }
  Tensor plain_mul(const Tensor& a, const Tensor& b) const { return run("mul", plain, a, b); }
  Tensor plain_div(const Tensor& a, const Tensor& b) const { return run("div", plain, a, b); }
  Tensor slope(const char* name, const Tensor& a, const Tensor& b) const {
    return run(name, product, a, b);
  }
  static Tensor run(const char* name, const configuration& rules, const Tensor& a,
                    const Tensor& b) {
    const recorded observed(full_name(name), a, std::string(rules.arithmetic));
    return told(name, [&] { return compute_elementwise(name, rules, a, b); });
  }

  // A constant of the format, one at each place of `like`.
  template <class Of>
  Tensor constant(const Tensor& like, const Of& of) const {
    const std::uint32_t word =
        std::visit([&](auto format) { return std::uint32_t{of(format).bits}; }, plain.format);
    float value = 0;
    widen(plain.format, std::span(&word, 1), std::span(&value, 1));
    return encoded(at::full(like.sizes(), value, like.options().dtype(at::kFloat)),
                   like.scalar_type(), plain);
  }
  Tensor ln2(const Tensor& like) const {
    return constant(like, [](auto format) { return ln_2(format); });
  }
  Tensor one(const Tensor& like) const {
    return constant(like, []<class F>(F) { return pack<F>(false, one_magnitude<F>); });
  }
};

class elementwise_function_graph : public Function<elementwise_function_graph> {
 public:
  static Tensor forward(AutogradContext* context, const std::string& operation, const Tensor& a,
                        const std::optional<Tensor>& b, const std::string& arithmetic,
                        const std::string& gradient, const std::function<Tensor()>& below) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    context->saved_data["operation"] = operation;
    context->saved_data["arithmetic"] = arithmetic;
    context->saved_data["derivative"] = gradient;
    const Tensor y = below();
    context->save_for_backward({a, b.value_or(Tensor()), y});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const std::string operation = context->saved_data["operation"].toStringRef();
    const std::string op = full_name(operation);
    const choice chosen = parse_choice(op.c_str(), context->saved_data["arithmetic"].toStringRef(),
                                       context->saved_data["derivative"].toStringRef());
    const variable_list saved = context->get_saved_variables();
    const Tensor& a = saved[0];
    const Tensor& b = saved[1];
    const Tensor d = outputs[0].contiguous();
    const elementwise_steps s(op, chosen, a.scalar_type());
    const bool exact =
        chosen.gradient == derivative::exact && chosen.arithmetic.info->defines("mul_da");
    Tensor da;
    Tensor db;
    if (operation == "mul") {
      da = exact ? s.plain_mul(d, s.slope("mul_da", a, b)) : s.mul(d, b);
      db = exact ? s.plain_mul(d, s.slope("mul_da", b, a)) : s.mul(d, a);
    } else if (operation == "div") {
      da = exact ? s.plain_mul(d, s.slope("div_da", a, b)) : s.mul(s.div(s.one(a), b), d);
      db = exact ? s.plain_mul(d, s.slope("div_db", a, b))
                 // The product makes every NaN the one NaN, which a sign flipped behind it would not.
                 : s.mul(s.div(s.div(a, b), b), at::neg(d));
    } else if (operation == "exp2") {
      da = exact ? s.plain_mul(d, s.slope("exp2_da", a, {}))
                 : s.plain_mul(s.plain_mul(saved[2], s.ln2(a)), d);
    } else {
      da = exact ? s.plain_mul(d, s.slope("log2_da", a, {}))
                 : s.plain_div(s.plain_div(d, a), s.ln2(a));
    }
    return {Tensor(), da, db, Tensor(), Tensor(), Tensor()};
  }
};

template <const char* Name>
struct elementwise_operator {
  using binary = Tensor(const Tensor&, const Tensor&, string_view, string_view);
  using unary = Tensor(const Tensor&, string_view, string_view);

  static Tensor compute(const Tensor& a, const Tensor& b, string_view arithmetic,
                        string_view gradient) {
    const std::string op = full_name(Name);
    if (b.defined()) check_alike(op, a, b);
    const choice chosen = parse_choice(op.c_str(), arithmetic, gradient);
    const bool is_product = b.defined();
    const configuration rules = rules_of(op, chosen, a.scalar_type(), is_product);
    return elementwise_steps::run(Name, rules, a, b);
  }
  static Tensor shaped(const Tensor& a, const Tensor& b, string_view arithmetic,
                       string_view gradient) {
    if (b.defined()) check_alike(full_name(Name), a, b);
    check_names(Name, a, arithmetic, gradient);
    return at::empty(a.sizes(), a.options());
  }
  static Tensor recorded(const Tensor& a, const Tensor& b, string_view arithmetic,
                         string_view gradient, const std::function<Tensor()>& below) {
    const std::string op = full_name(Name);
    if (at::GradMode::is_enabled() && (a.requires_grad() || (b.defined() && b.requires_grad()))) {
      const choice chosen = parse_choice(op.c_str(), arithmetic, gradient);
      check_derivative(op.c_str(), chosen);
      TORCH_CHECK_VALUE(chosen.arithmetic.info->name != "adder", op,
                        ": arithmetic 'adder' has a derivative in matrix products alone");
    }
    return elementwise_function_graph::apply(std::string(Name), a,
                                             b.defined() ? std::optional(b) : std::nullopt,
                                             std::string(arithmetic), std::string(gradient), below);
  }

  static Tensor on_device2(const Tensor& a, const Tensor& b, string_view x, string_view g) {
    return compute(a, b, x, g);
  }
  static Tensor on_device1(const Tensor& a, string_view x, string_view g) { return compute(a, {}, x, g); }
  static Tensor meta2(const Tensor& a, const Tensor& b, string_view x, string_view g) {
    return shaped(a, b, x, g);
  }
  static Tensor meta1(const Tensor& a, string_view x, string_view g) { return shaped(a, {}, x, g); }
  static Tensor graph2(const Tensor& a, const Tensor& b, string_view x, string_view g) {
    return recorded(a, b, x, g, [&] { return find_operator<binary>(Name).call(a, b, x, g); });
  }
  static Tensor graph1(const Tensor& a, string_view x, string_view g) {
    return recorded(a, {}, x, g, [&] { return find_operator<unary>(Name).call(a, x, g); });
  }
};

constexpr char kMul[] = "mul";
constexpr char kDiv[] = "div";
constexpr char kExp2[] = "exp2";
constexpr char kLog2[] = "log2";

// --- Layers
// -----------------------------------------------------------------------------------------

using row_signature = Tensor(const Tensor&, string_view, string_view);
using norm_signature = Tensor(const Tensor&, const Tensor&, const Tensor&, double, string_view,
                              string_view);
using loss_signature = Tensor(const Tensor&, const Tensor&, double, bool, std::int64_t, string_view,
                              string_view);
using dropout_signature = Tensor(const Tensor&, const Tensor&, double, string_view, string_view);
using conv2d_signature = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&,
                                std::int64_t, std::int64_t, std::int64_t, std::int64_t, string_view,
                                string_view);
using adamw_signature = std::tuple<Tensor, Tensor, Tensor>(const Tensor&, const Tensor&,
                                                           const Tensor&, const Tensor&, double,
                                                           double, double, double, double,
                                                           std::int64_t, bool, string_view,
                                                           string_view);

template <const char* Name>
struct row_operator {
  static call described(const Tensor& x, string_view arithmetic, string_view gradient) {
    return {Name, {x}, {}, -100, std::string(arithmetic), std::string(gradient)};
  }
  static Tensor on_device(const Tensor& x, string_view a, string_view g) {
    return compute(described(x, a, g), false)[0];
  }
  static Tensor meta(const Tensor& x, string_view a, string_view g) {
    check_names(Name, x, a, g);
    return at::empty(x.sizes(), x.options());
  }
  static Tensor graph(const Tensor& x, string_view a, string_view g) {
    return differentiable(described(x, a, g),
                          [&] { return find_operator<row_signature>(Name).call(x, a, g); });
  }
};

constexpr char kSoftmax[] = "softmax";
constexpr char kLogSoftmax[] = "log_softmax";

struct norm_operator {
  static call described(const Tensor& x, const Tensor& gain, const Tensor& bias, double eps,
                        string_view a, string_view g) {
    return {"layer_norm", {x, gain, bias}, {{"eps", eps}}, -100, std::string(a), std::string(g)};
  }
  static Tensor on_device(const Tensor& x, const Tensor& gain, const Tensor& bias, double eps,
                    string_view a, string_view g) {
    return compute(described(x, gain, bias, eps, a, g), false)[0];
  }
  static Tensor meta(const Tensor& x, const Tensor& gain, const Tensor& bias, double, string_view a,
                     string_view g) {
    check_names("layer_norm", x, a, g);
    TORCH_CHECK_VALUE(x.dim() > 0 && gain.dim() == 1 && bias.dim() == 1 &&
                          gain.size(0) == x.size(-1) && bias.size(0) == x.size(-1),
                      "pamkit::layer_norm: x has shape ", x.sizes(), ", gain ", gain.sizes(),
                      " and bias ", bias.sizes(), "; gain and bias must have x's last size");
    return at::empty(x.sizes(), x.options());
  }
  static Tensor graph(const Tensor& x, const Tensor& gain, const Tensor& bias, double eps,
                      string_view a, string_view g) {
    return differentiable(described(x, gain, bias, eps, a, g), [&] {
      return find_operator<norm_signature>("layer_norm").call(x, gain, bias, eps, a, g);
    });
  }
};

struct loss_operator {
  static call described(const Tensor& x, const Tensor& classes, double smoothing, bool fairseq,
                        std::int64_t ignored, string_view a, string_view g) {
    TORCH_CHECK_TYPE(classes.scalar_type() == at::kLong, "pamkit::cross_entropy: classes are ",
                     classes.scalar_type(), "; they must be int64");
    return {"cross_entropy",
            {x, classes},
            {{"smoothing", smoothing}, {"fairseq", fairseq ? 1.0 : 0.0}},
            ignored,
            std::string(a),
            std::string(g)};
  }
  static Tensor on_device(const Tensor& x, const Tensor& classes, double smoothing, bool fairseq,
                    std::int64_t ignored, string_view a, string_view g) {
    return compute(described(x, classes, smoothing, fairseq, ignored, a, g), false)[0];
  }
  static Tensor meta(const Tensor& x, const Tensor& classes, double, bool, std::int64_t,
                     string_view a, string_view g) {
    check_names("cross_entropy", x, a, g);
    TORCH_CHECK_VALUE(x.dim() == 2 && classes.dim() == 1 && classes.size(0) == x.size(0),
                      "pamkit::cross_entropy: logits have shape ", x.sizes(), " and classes ",
                      classes.sizes(), "; they must be [R, V] and [R]");
    return at::empty({}, x.options());
  }
  static Tensor graph(const Tensor& x, const Tensor& classes, double smoothing, bool fairseq,
                      std::int64_t ignored, string_view a, string_view g) {
    return differentiable(described(x, classes, smoothing, fairseq, ignored, a, g), [&] {
      return find_operator<loss_signature>("cross_entropy")
          .call(x, classes, smoothing, fairseq, ignored, a, g);
    });
  }
};

struct dropout_operator {
  static call described(const Tensor& x, const Tensor& keep, double p, string_view a,
                        string_view g) {
    TORCH_CHECK_TYPE(keep.scalar_type() == at::kByte, "pamkit::dropout: keep is ",
                     keep.scalar_type(), "; it must be uint8");
    return {"dropout", {x, keep}, {{"p", p}}, -100, std::string(a), std::string(g)};
  }
  static Tensor on_device(const Tensor& x, const Tensor& keep, double p, string_view a, string_view g) {
    return compute(described(x, keep, p, a, g), false)[0];
  }
  static Tensor meta(const Tensor& x, const Tensor& keep, double, string_view a, string_view g) {
    check_names("dropout", x, a, g);
    TORCH_CHECK_VALUE(x.sizes() == keep.sizes(), "pamkit::dropout: x has shape ", x.sizes(),
                      " and keep ", keep.sizes(), "; they must be equal");
    return at::empty(x.sizes(), x.options());
  }
  static Tensor graph(const Tensor& x, const Tensor& keep, double p, string_view a, string_view g) {
    return differentiable(described(x, keep, p, a, g), [&] {
      return find_operator<dropout_signature>("dropout").call(x, keep, p, a, g);
    });
  }
};

struct conv2d_operator {
  static bool has(const std::optional<Tensor>& bias) { return bias.has_value() && bias->defined(); }

  static call described(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias,
                        std::int64_t stride, std::int64_t padding, std::int64_t dilation,
                        std::int64_t groups, string_view a, string_view g) {
    call c{"conv2d",
           {x, weight},
           {{"stride", static_cast<double>(stride)},
            {"padding", static_cast<double>(padding)},
            {"dilation", static_cast<double>(dilation)},
            {"groups", static_cast<double>(groups)}},
           -100,
           std::string(a),
           std::string(g)};
    if (has(bias)) c.inputs.push_back(*bias);
    return c;
  }
  static Tensor on_device(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias,
                    std::int64_t stride, std::int64_t padding, std::int64_t dilation,
                    std::int64_t groups, string_view a, string_view g) {
    call c = described(x, weight, bias, stride, padding, dilation, groups, a, g);
    if (!has(bias)) c.inputs.push_back(at::empty({0}, x.options()));
    return compute(c, false)[0];
  }
  static Tensor meta(const Tensor& x, const Tensor& weight, const std::optional<Tensor>&,
                     std::int64_t stride, std::int64_t padding, std::int64_t dilation,
                     std::int64_t groups, string_view a, string_view g) {
    check_names("conv2d", x, a, g);
    TORCH_CHECK_VALUE(x.dim() == 4 && weight.dim() == 4 && groups > 0 && stride > 0 &&
                          x.size(1) == weight.size(1) * groups && weight.size(0) % groups == 0,
                      "pamkit::conv2d: x has shape ", x.sizes(), " and weight ", weight.sizes(),
                      " in ", groups,
                      " groups; they must be [N, C, H, W] and [O, C / groups, KH, KW]");
    const auto places = [&](std::int64_t axis) {
      const std::int64_t room = x.size(axis) + 2 * padding - dilation * (weight.size(axis) - 1) - 1;
      TORCH_CHECK_VALUE(room >= 0, "pamkit::conv2d: the kernel ", weight.sizes(),
                        " is larger than the padded image ", x.sizes());
      return room / stride + 1;
    };
    return at::empty({x.size(0), weight.size(0), places(2), places(3)}, x.options());
  }
  static Tensor graph(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias,
                      std::int64_t stride, std::int64_t padding, std::int64_t dilation,
                      std::int64_t groups, string_view a, string_view g) {
    return differentiable(described(x, weight, bias, stride, padding, dilation, groups, a, g), [&] {
      return find_operator<conv2d_signature>("conv2d").call(x, weight, bias, stride, padding,
                                                            dilation, groups, a, g);
    });
  }
};

std::tuple<Tensor, Tensor, Tensor> adamw_on_device(const Tensor& parameter, const Tensor& gradient,
                                             const Tensor& m, const Tensor& v, double learning_rate,
                                             double beta1, double beta2, double eps,
                                             double weight_decay, std::int64_t step, bool corrected,
                                             string_view arithmetic, string_view derivative_name) {
  const std::vector<Tensor> results = compute({"adamw_step",
                                               {parameter, gradient, m, v},
                                               {{"learning_rate", learning_rate},
                                                {"beta1", beta1},
                                                {"beta2", beta2},
                                                {"eps", eps},
                                                {"weight_decay", weight_decay},
                                                {"step", static_cast<double>(step)},
                                                {"corrected", corrected ? 1.0 : 0.0}},
                                               -100,
                                               std::string(arithmetic),
                                               std::string(derivative_name)},
                                              false);
  return {results[0], results[1], results[2]};
}

std::tuple<Tensor, Tensor, Tensor> adamw_meta(const Tensor& parameter, const Tensor&, const Tensor&,
                                              const Tensor&, double, double, double, double, double,
                                              std::int64_t, bool, string_view a, string_view g) {
  check_names("adamw_step", parameter, a, g);
  const auto like = [&] { return at::empty(parameter.sizes(), parameter.options()); };
  return {like(), like(), like()};
}

// For every device whose tensors compute_layer and compute_elementwise take.
void register_layers(torch::Library& library) {
  library.impl("mul", elementwise_operator<kMul>::on_device2);
  library.impl("div", elementwise_operator<kDiv>::on_device2);
  library.impl("exp2", elementwise_operator<kExp2>::on_device1);
  library.impl("log2", elementwise_operator<kLog2>::on_device1);
  library.impl("conv2d", conv2d_operator::on_device);
  library.impl("softmax", row_operator<kSoftmax>::on_device);
  library.impl("log_softmax", row_operator<kLogSoftmax>::on_device);
  library.impl("layer_norm", norm_operator::on_device);
  library.impl("cross_entropy", loss_operator::on_device);
  library.impl("dropout", dropout_operator::on_device);
  library.impl("adamw_step", adamw_on_device);
}

}  // namespace

TORCH_LIBRARY_IMPL(pamkit, CPU, library) { register_layers(library); }

TORCH_LIBRARY_IMPL(pamkit, CUDA, library) { register_layers(library); }

TORCH_LIBRARY_IMPL(pamkit, Meta, library) {
  library.impl("mul", elementwise_operator<kMul>::meta2);
  library.impl("div", elementwise_operator<kDiv>::meta2);
  library.impl("exp2", elementwise_operator<kExp2>::meta1);
  library.impl("log2", elementwise_operator<kLog2>::meta1);
  library.impl("conv2d", conv2d_operator::meta);
  library.impl("softmax", row_operator<kSoftmax>::meta);
  library.impl("log_softmax", row_operator<kLogSoftmax>::meta);
  library.impl("layer_norm", norm_operator::meta);
  library.impl("cross_entropy", loss_operator::meta);
  library.impl("dropout", dropout_operator::meta);
  library.impl("adamw_step", adamw_meta);
}

TORCH_LIBRARY_IMPL(pamkit, Autograd, library) {
  library.impl("mul", elementwise_operator<kMul>::graph2);
  library.impl("div", elementwise_operator<kDiv>::graph2);
  library.impl("exp2", elementwise_operator<kExp2>::graph1);
  library.impl("log2", elementwise_operator<kLog2>::graph1);
  library.impl("conv2d", conv2d_operator::graph);
  library.impl("softmax", row_operator<kSoftmax>::graph);
  library.impl("log_softmax", row_operator<kLogSoftmax>::graph);
  library.impl("layer_norm", norm_operator::graph);
  library.impl("cross_entropy", loss_operator::graph);
  library.impl("dropout", dropout_operator::graph);
  library.impl("adamw_step", torch::autograd::autogradNotImplementedFallback());
}

Tensor mul(const Tensor& a, const Tensor& b, string_view arithmetic, string_view derivative) {
  return find_operator<elementwise_operator<kMul>::binary>("mul").call(a, b, arithmetic,
                                                                       derivative);
}

Tensor div(const Tensor& a, const Tensor& b, string_view arithmetic, string_view derivative) {
  return find_operator<elementwise_operator<kDiv>::binary>("div").call(a, b, arithmetic,
                                                                       derivative);
}

Tensor exp2(const Tensor& x, string_view arithmetic, string_view derivative) {
  return find_operator<row_signature>("exp2").call(x, arithmetic, derivative);
}

Tensor log2(const Tensor& x, string_view arithmetic, string_view derivative) {
  return find_operator<row_signature>("log2").call(x, arithmetic, derivative);
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias,
              std::int64_t stride, std::int64_t padding, std::int64_t dilation, std::int64_t groups,
              string_view arithmetic, string_view derivative) {
  return find_operator<conv2d_signature>("conv2d").call(x, weight, bias, stride, padding, dilation,
                                                        groups, arithmetic, derivative);
}

Tensor softmax(const Tensor& x, string_view arithmetic, string_view derivative) {
  return find_operator<row_signature>("softmax").call(x, arithmetic, derivative);
}

Tensor log_softmax(const Tensor& x, string_view arithmetic, string_view derivative) {
  return find_operator<row_signature>("log_softmax").call(x, arithmetic, derivative);
}

Tensor layer_norm(const Tensor& x, const Tensor& gain, const Tensor& bias, double eps,
                  string_view arithmetic, string_view derivative) {
  return find_operator<norm_signature>("layer_norm")
      .call(x, gain, bias, eps, arithmetic, derivative);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& classes, double smoothing, bool fairseq,
                     std::int64_t ignore_index, string_view arithmetic, string_view derivative) {
  return find_operator<loss_signature>("cross_entropy")
      .call(logits, classes, smoothing, fairseq, ignore_index, arithmetic, derivative);
}

Tensor dropout(const Tensor& x, const Tensor& keep, double p, string_view arithmetic,
               string_view derivative) {
  return find_operator<dropout_signature>("dropout").call(x, keep, p, arithmetic, derivative);
}

std::tuple<Tensor, Tensor, Tensor> adamw_step(const Tensor& parameter, const Tensor& gradient,
                                              const Tensor& m, const Tensor& v,
                                              const adamw_scalars& s, string_view arithmetic) {
  return find_operator<adamw_signature>("adamw_step")
      .call(parameter, gradient, m, v, s.learning_rate, s.beta1, s.beta2, s.eps, s.weight_decay,
            s.step, s.corrected, arithmetic, "approx");
}

std::vector<Tensor> clip_grad_norm(std::span<const Tensor> gradients, double limit,
                                   string_view arithmetic) {
  return compute({"clip_grad_norm",
                  {gradients.begin(), gradients.end()},
                  {{"limit", limit}},
                  -100,
                  std::string(arithmetic),
                  "approx"},
                 false);
}

bool defines_layer(string_view operation, string_view arithmetic) {
  const choice chosen = parse_choice("pamkit", arithmetic, "approx");
  return scalar_backend().layer(operation, chosen.arithmetic.info->name) != nullptr;
}

}  // namespace pamkit::operators
