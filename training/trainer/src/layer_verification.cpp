#include "layer_verification.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <variant>

#include "pamkit/operators/contraction.hpp"
#include "pamkit/reference/layer.hpp"
#include "pamkit/training/lanes.hpp"

namespace pamkit::training {
namespace {

using operators::computed_layer;

constexpr std::int64_t kElements = 64;
constexpr std::int64_t kColumns = 3;
constexpr std::uint32_t kIgnored = 0xFFFFFFFF;

bool is_vjp(std::string_view operation) { return operation.ends_with("_vjp"); }

std::string_view without_vjp(std::string_view operation) {
  return is_vjp(operation) ? operation.substr(0, operation.size() - 4) : operation;
}

using words = std::vector<std::uint32_t>;

std::string shapes_of(const computed_layer& c) {
  std::string text;
  for (const tensor& t : c.inputs) text += fmt::format("[{}]", fmt::join(t.shape, ", "));
  return text;
}

reference::rules rules_of(const computed_layer& c) {
  const bool is_elementwise = find_operation(c.operation) != nullptr;
  // Layers are binary32 whatever the operands are cut to; l_mul's products depend on it.
  const binary32m* const cut = std::get_if<binary32m>(&c.rules.format);
  return {.format = is_elementwise ? describe(c.rules.format) : describe(binary32{}),
          .subnormals = c.rules.subnormals,
          .overflow = c.rules.overflow,
          .compensation = c.rules.compensation,
          .arithmetic = std::string(c.rules.arithmetic),
          .widened_from_bits = cut == nullptr || is_elementwise ? 0 : cut->kept_bits};
}

reference::derivative kind_of(const computed_layer& c) {
  return c.gradient == derivative::exact ? reference::derivative::exact
                                         : reference::derivative::approx;
}

// Results of a layer by the golden model.
std::vector<words> golden(const computed_layer& c, std::string_view layer,
                          const std::vector<tensor>& inputs, const layer_attributes& attributes) {
  std::vector<reference::dense> operands;
  for (const tensor& t : inputs) operands.push_back({t.shape, t.encodings});
  std::vector<words> results;
  for (reference::dense& d :
       reference::compute_layer(layer, rules_of(c), kind_of(c), operands, attributes)) {
    results.push_back(std::move(d.encodings));
  }
  return results;
}

// A scalar operation of a layer: binary32, without a compensation.
std::uint32_t golden_scalar(const computed_layer& c, std::string_view operation,
                            const words& operands) {
  reference::rules rules = rules_of(c);
  rules.compensation = 0;
  return reference::golden(operation, rules, operands);
}

// The same layer by kernels: for what goes into a comparison and is itself compared elsewhere.
words computed(const backend& kernels, const computed_layer& c, std::string_view layer,
               const std::vector<tensor>& inputs, const layer_attributes& attributes) {
  return kernels
      .layer(layer, c.rules.arithmetic)(contraction_rules(c.rules), c.gradient, inputs, attributes)
      .front()
      .encodings;
}

// Elements of a call's results against what is expected there.
class comparison {
 public:
  comparison(const computed_layer& c, std::string name, const backend& kernels)
      : c_(c), name_(name), kernels_(kernels), result_{std::move(name), 0, true, ""} {}

  // Those that compute what goes into a comparison.
  const backend& kernels() const { return kernels_; }

  void compare(std::size_t result, std::int64_t at, std::uint32_t expected) {
    const std::uint32_t got = c_.outputs[result].encodings[static_cast<std::size_t>(at)];
    ++result_.outputs;
    result_.line += fmt::format(" {:08X}", expected);
    if (got != expected) refuse(fmt::format("result {} at {}", result, at), got, expected);
  }

  // The call is not equal; of several reasons the first is kept.
  void refuse(const std::string& what, std::uint32_t got, std::uint32_t expected) {
    if (!result_.equal) return;
    result_.equal = false;
    result_.mismatch =
        fmt::format("{}: {}: got {:08X}, expected {:08X}", name_, what, got, expected);
  }

  const compared_layer& result() const { return result_; }

 private:
  const computed_layer& c_;
  std::string name_;
  const backend& kernels_;
  compared_layer result_;
};

std::vector<std::int64_t> some_of(std::int64_t count) {
  std::vector<std::int64_t> some = {0, count / 2, count - 1};
  some.erase(std::unique(some.begin(), some.end()), some.end());
  return some;
}

tensor scalar(std::uint32_t word) { return {{}, {word}}; }

// Elements [from, from + count) as a tensor of a shape.
tensor slice(const tensor& t, std::int64_t from, std::vector<std::int64_t> shape,
             std::int64_t count) {
  const auto begin = t.encodings.begin() + from;
  return {std::move(shape), {begin, begin + count}};
}

// --- Elementwise --------------------------------------------------------------------------------

void compare_elements(const computed_layer& c, comparison& all) {
  const auto count = static_cast<std::int64_t>(c.inputs[0].encodings.size());
  const std::int64_t compared = std::min(count, kElements);
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < compared; ++i) places.push_back(i * count / compared);
  std::vector<tensor> few;
  for (const tensor& t : c.inputs) {
    few.push_back({{compared}, {}});
    for (const std::int64_t i : places) {
      few.back().encodings.push_back(t.encodings[static_cast<std::size_t>(i)]);
    }
  }
  std::vector<words> expected;
  if (find_operation(c.operation) != nullptr) {
    expected.resize(1);
    for (std::size_t i = 0; i < places.size(); ++i) {
      words operands;
      for (const tensor& t : few) operands.push_back(t.encodings[i]);
      expected[0].push_back(reference::golden(c.operation, rules_of(c), operands));
    }
  } else {
    expected = golden(c, c.operation, few, c.attributes);
  }
  for (std::size_t k = 0; k < expected.size(); ++k) {
    for (std::size_t i = 0; i < places.size(); ++i) all.compare(k, places[i], expected[k][i]);
  }
}

// --- Along rows ---------------------------------------------------------------------------------

// Rows decide their part of the first result alone. Operands of another length (gains, biases) are
// whole for every row.
void compare_rows(const computed_layer& c, comparison& all) {
  const std::int64_t length = c.inputs[0].shape.back();
  if (length == 0) return;
  const std::int64_t rows = static_cast<std::int64_t>(c.inputs[0].encodings.size()) / length;
  const bool is_norm = without_vjp(c.operation) == "layer_norm";
  for (const std::int64_t r : some_of(rows)) {
    std::vector<tensor> row;
    for (std::size_t i = 0; i < c.inputs.size(); ++i) {
      const bool is_whole = is_norm && (i == 1 || i == 2);
      row.push_back(is_whole ? c.inputs[i] : slice(c.inputs[i], r * length, {1, length}, length));
    }
    const words expected = golden(c, c.operation, row, c.attributes)[0];
    for (std::int64_t k = 0; k < length; ++k) {
      all.compare(0, r * length + k, expected[static_cast<std::size_t>(k)]);
    }
  }
}

// Some columns of the derivatives towards gain and bias: terms of every row, down the column. The
// normalised values come from the kernel's own forward pass with gain 1 and bias -0, which adds
// nothing; that pass is compared where the layer is.
void compare_columns(const computed_layer& c, comparison& all) {
  const std::int64_t length = c.inputs[0].shape.back();
  if (length == 0) return;
  const std::int64_t rows = static_cast<std::int64_t>(c.inputs[0].encodings.size()) / length;
  const auto width = static_cast<std::size_t>(length);
  constexpr std::uint32_t one = 0x3F800000;
  constexpr std::uint32_t minus_zero = 0x80000000;
  const words normal = computed(all.kernels(), c, "layer_norm",
                                {{{rows, length}, c.inputs[0].encodings},
                                 {{length}, words(width, one)},
                                 {{length}, words(width, minus_zero)}},
                                c.attributes);
  reference::rules rules = rules_of(c);
  rules.compensation = 0;
  const reference::scalar_oracle towards_gain =
      reference::find_product_vjp(rules.arithmetic, kind_of(c), reference::wrt::b);
  for (std::int64_t k = 0; k < std::min(length, kColumns); ++k) {
    const auto column = static_cast<std::size_t>(k * length / std::min(length, kColumns));
    words gain_terms;
    words bias_terms;
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
      const std::uint32_t d = c.inputs[3].encodings[r * width + column];
      const std::array operands = {d, normal[r * width + column], c.inputs[1].encodings[column]};
      gain_terms.push_back(towards_gain(rules, operands));
      bias_terms.push_back(d);
    }
    const auto down = [&](words terms) {
      const words zeros(terms.size(), 0);
      return reference::linear_vjp(rules, kind_of(c), {{rows, 1}, std::move(terms)},
                                   {{rows, 1}, zeros}, {{1, 1}, {0}})
          .bias.encodings[0];
    };
    const auto at = static_cast<std::int64_t>(column);
    all.compare(1, at, down(std::move(gain_terms)));
    all.compare(2, at, down(std::move(bias_terms)));
  }
}

// --- Cross entropy ------------------------------------------------------------------------------

std::uint32_t kept_rows(const computed_layer& c) {
  const auto ignored = std::ranges::count(c.inputs[1].encodings, kIgnored);
  const auto rows = static_cast<std::ptrdiff_t>(c.inputs[1].encodings.size());
  return std::bit_cast<std::uint32_t>(static_cast<float>(rows - ignored));
}

std::vector<tensor> row_of_cross_entropy(const computed_layer& c, std::int64_t r) {
  const std::int64_t classes = c.inputs[0].shape[1];
  return {slice(c.inputs[0], r * classes, {1, classes}, classes), slice(c.inputs[1], r, {1}, 1)};
}

// The loss of every row, by the kernel on that row alone: the quotient by one kept row is the row's
// loss. Of some rows it is compared with the golden model; nothing where one is refused.
std::optional<words> row_losses(const computed_layer& c, comparison& all) {
  const std::int64_t rows = c.inputs[0].shape[0];
  words losses;
  for (std::int64_t r = 0; r < rows; ++r) {
    const bool is_ignored = c.inputs[1].encodings[static_cast<std::size_t>(r)] == kIgnored;
    losses.push_back(is_ignored ? 0
                                : computed(all.kernels(), c, "cross_entropy",
                                           row_of_cross_entropy(c, r), c.attributes)[0]);
  }
  for (const std::int64_t r : some_of(rows)) {
    const auto at = static_cast<std::size_t>(r);
    if (c.inputs[1].encodings[at] == kIgnored) continue;
    const std::uint32_t expected =
        golden(c, "cross_entropy", row_of_cross_entropy(c, r), c.attributes)[0][0];
    if (losses[at] != expected) {
      all.refuse(fmt::format("loss of row {}", r), losses[at], expected);
      return std::nullopt;
    }
  }
  return losses;
}

std::uint32_t total_of(const computed_layer& c, const words& losses) {
  const auto count = static_cast<std::int64_t>(losses.size());
  return golden(c, "sum", {{{1, count}, losses}}, {})[0][0];
}

void compare_loss(const computed_layer& c, comparison& all) {
  const std::optional<words> losses = row_losses(c, all);
  if (!losses) return;
  all.compare(0, 0, golden_scalar(c, "div", {total_of(c, *losses), kept_rows(c)}));
}

// A row's derivative is that of a call with this row alone, whose quotient is by one row, from what
// the quotient by all kept rows hands on.
void compare_loss_derivatives(const computed_layer& c, comparison& all) {
  const std::int64_t rows = c.inputs[0].shape[0];
  const std::int64_t classes = c.inputs[0].shape[1];
  const auto kept = static_cast<std::int64_t>(std::bit_cast<float>(kept_rows(c)));
  if (kept == 0 || classes == 0) return;
  // The slope of the quotient depends on the losses' sum, the ordinary derivative does not.
  words sum(static_cast<std::size_t>(kept), 0);
  if (c.gradient == derivative::exact) {
    const std::optional<words> losses = row_losses(c, all);
    if (!losses) return;
    sum[0] = total_of(c, *losses);
  }
  const std::uint32_t handed_on =
      golden(c, "mean_vjp", {{{1, kept}, sum}, {{1}, c.inputs[2].encodings}}, {})[0][0];
  for (const std::int64_t r : some_of(rows)) {
    std::vector<tensor> row = row_of_cross_entropy(c, r);
    row.push_back(scalar(handed_on));
    const words expected = golden(c, c.operation, row, c.attributes)[0];
    for (std::int64_t k = 0; k < classes; ++k) {
      all.compare(0, r * classes + k, expected[static_cast<std::size_t>(k)]);
    }
  }
}

// --- Convolution --------------------------------------------------------------------------------

// Each compared element is a sum over its taps alone, gathered here into a convolution that has no
// others. On the padding the operand is +0.
class convolution {
 public:
  explicit convolution(const computed_layer& c)
      : c_(c),
        x_(c.inputs[0]),
        w_(c.inputs[1]),
        stride_(attribute("stride", 1)),
        padding_(attribute("padding", 0)),
        dilation_(attribute("dilation", 1)),
        groups_(attribute("groups", 1)) {
    const tensor& y = c.operation == "conv2d" ? c.outputs[0] : c.inputs[3];
    y_ = y.shape;
  }

  void compare_outputs(comparison& all) const {
    for (const std::int64_t at : some_of(count_of(y_))) {
      const auto [n, o, i, j] = place_of(y_, at);
      const std::int64_t channels = w_.shape[1];
      tensor x{{1, channels, w_.shape[2], w_.shape[3]}, {}};
      for (std::int64_t k = 0; k < channels; ++k) {
        for (std::int64_t r = 0; r < w_.shape[2]; ++r) {
          for (std::int64_t s = 0; s < w_.shape[3]; ++s) {
            x.encodings.push_back(operand(n, first_channel(o) + k, i, j, r, s));
          }
        }
      }
      const std::int64_t taps = channels * w_.shape[2] * w_.shape[3];
      tensor bias = c_.inputs[2];
      if (!bias.encodings.empty()) bias = slice(bias, o, {1}, 1);
      all.compare(0, at,
                  golden(c_, "conv2d", {x, slice(w_, o * taps, x.shape, taps), bias}, {})[0][0]);
    }
  }

  void compare_derivatives(comparison& all) const {
    for (const std::int64_t at : some_of(count_of(x_.shape))) all.compare(0, at, towards_input(at));
    const std::int64_t weights = count_of(w_.shape);
    // All images and places take part in each.
    for (const std::int64_t at : {std::int64_t{0}, weights - 1}) {
      const std::int64_t o = place_of(w_.shape, at)[0];
      const std::vector<words> expected = towards_weight(at);
      all.compare(1, at, expected[1][0]);
      if (!c_.inputs[2].encodings.empty()) all.compare(2, o, expected[2][0]);
    }
  }

 private:
  using place = std::array<std::int64_t, 4>;

  std::int64_t attribute(const char* name, double otherwise) const {
    const auto it = c_.attributes.find(name);
    return static_cast<std::int64_t>(it == c_.attributes.end() ? otherwise : it->second);
  }
  static std::int64_t count_of(const std::vector<std::int64_t>& shape) {
    return shape[0] * shape[1] * shape[2] * shape[3];
  }
  static place place_of(const std::vector<std::int64_t>& shape, std::int64_t at) {
    return {at / (shape[1] * shape[2] * shape[3]), at / (shape[2] * shape[3]) % shape[1],
            at / shape[3] % shape[2], at % shape[3]};
  }
  static std::uint32_t element(const tensor& t, const std::vector<std::int64_t>& shape,
                               const place& p) {
    return t.encodings[static_cast<std::size_t>(
        ((p[0] * shape[1] + p[1]) * shape[2] + p[2]) * shape[3] + p[3])];
  }

  std::int64_t first_channel(std::int64_t output) const {
    return output * groups_ / w_.shape[0] * w_.shape[1];
  }

  // What weight row r and column s meet at output place (i, j).
  std::uint32_t operand(std::int64_t n, std::int64_t channel, std::int64_t i, std::int64_t j,
                        std::int64_t r, std::int64_t s) const {
    const std::int64_t row = i * stride_ - padding_ + r * dilation_;
    const std::int64_t column = j * stride_ - padding_ + s * dilation_;
    const bool is_inside = row >= 0 && row < x_.shape[2] && column >= 0 && column < x_.shape[3];
    return is_inside ? element(x_, x_.shape, {n, channel, row, column}) : 0;
  }

  // The taps by output channel, kernel row and column, as outputs of a convolution of one element.
  std::uint32_t towards_input(std::int64_t at) const {
    const auto [n, channel, row, column] = place_of(x_.shape, at);
    tensor weights{{0, 1, 1, 1}, {}};
    tensor d{{1, 0, 1, 1}, {}};
    const auto place_for = [&](std::int64_t position, std::int64_t tap, std::int64_t places) {
      const std::int64_t from = position + padding_ - tap * dilation_;
      const bool is_one = from >= 0 && from % stride_ == 0 && from / stride_ < places;
      return is_one ? from / stride_ : -1;
    };
    for (std::int64_t o = 0; o < w_.shape[0]; ++o) {
      const std::int64_t own = channel - first_channel(o);
      if (own < 0 || own >= w_.shape[1]) continue;
      for (std::int64_t r = 0; r < w_.shape[2]; ++r) {
        for (std::int64_t s = 0; s < w_.shape[3]; ++s) {
          const std::int64_t i = place_for(row, r, y_[2]);
          const std::int64_t j = place_for(column, s, y_[3]);
          if (i < 0 || j < 0) continue;
          weights.encodings.push_back(element(w_, w_.shape, {o, own, r, s}));
          d.encodings.push_back(element(c_.inputs[3], y_, {n, o, i, j}));
        }
      }
    }
    weights.shape[0] = d.shape[1] = static_cast<std::int64_t>(d.encodings.size());
    if (d.encodings.empty()) return 0;
    const tensor x{{1, 1, 1, 1}, {x_.encodings[static_cast<std::size_t>(at)]}};
    return golden(c_, "conv2d_vjp", {x, weights, {{0}, {}}, d}, {})[0][0];
  }

  // The taps by image, output row and column, as images and places under a weight of one element.
  std::vector<words> towards_weight(std::int64_t at) const {
    const auto [o, own, r, s] = place_of(w_.shape, at);
    tensor x{{y_[0], 1, y_[2], y_[3]}, {}};
    tensor d{x.shape, {}};
    for (std::int64_t n = 0; n < y_[0]; ++n) {
      for (std::int64_t i = 0; i < y_[2]; ++i) {
        for (std::int64_t j = 0; j < y_[3]; ++j) {
          x.encodings.push_back(operand(n, first_channel(o) + own, i, j, r, s));
          d.encodings.push_back(element(c_.inputs[3], y_, {n, o, i, j}));
        }
      }
    }
    const tensor w{{1, 1, 1, 1}, {w_.encodings[static_cast<std::size_t>(at)]}};
    return golden(c_, "conv2d_vjp", {x, w, {{1}, {0}}, d}, {});
  }

  const computed_layer& c_;
  const tensor& x_;
  const tensor& w_;
  std::int64_t stride_, padding_, dilation_, groups_;
  std::vector<std::int64_t> y_;
};

// --- Clipping -----------------------------------------------------------------------------------

// The norm is that of all gradients: their squares by the kernel of the product, IEEE sums in the
// declared order; some squares, the root, the quotient and elements of each result by the golden
// model.
void compare_clipped(const computed_layer& c, comparison& all) {
  const auto limit_at = c.attributes.find("limit");
  const double limit = limit_at == c.attributes.end() ? 1 : limit_at->second;
  configuration rules = c.rules;
  rules.compensation = 0;
  float sum = 0;
  for (const tensor& t : c.inputs) {
    const auto count = static_cast<std::int64_t>(t.encodings.size());
    if (count == 0) continue;
    words squares(t.encodings.size());
    all.kernels().elementwise("mul", rules.arithmetic)(
        rules, t.encodings.data(), t.encodings.data(), squares.data(), squares.size());
    for (const std::int64_t i : some_of(count)) {
      const auto at = static_cast<std::size_t>(i);
      const std::uint32_t x = t.encodings[at];
      const std::uint32_t expected = golden_scalar(c, "mul", {x, x});
      if (squares[at] != expected) {
        return all.refuse(fmt::format("square of {:08X}", x), squares[at], expected);
      }
    }
    lanes tensor_sum;
    tensor_sum.add(0, count, [&](std::int64_t i) {
      return std::bit_cast<float>(squares[static_cast<std::size_t>(i)]);
    });
    sum += tensor_sum.fold();
  }
  constexpr std::uint32_t one = 0x3F800000;
  const std::uint32_t norm = golden_scalar(c, "sqrt", {std::bit_cast<std::uint32_t>(sum)});
  const std::uint32_t ratio =
      golden_scalar(c, "div", {std::bit_cast<std::uint32_t>(static_cast<float>(limit)), norm});
  const std::uint32_t factor = std::bit_cast<float>(ratio) > 1 ? one : ratio;
  for (std::size_t k = 0; k < c.inputs.size(); ++k) {
    const words& gradient = c.inputs[k].encodings;
    if (gradient.empty()) continue;
    for (const std::int64_t i : some_of(static_cast<std::int64_t>(gradient.size()))) {
      const std::uint32_t g = gradient[static_cast<std::size_t>(i)];
      all.compare(k, i, limit == 0 ? g : golden_scalar(c, "mul", {g, factor}));
    }
  }
}

void compare_some(const computed_layer& c, comparison& all) {
  const std::string_view layer = without_vjp(c.operation);
  if (c.operation == "conv2d") return convolution(c).compare_outputs(all);
  if (c.operation == "conv2d_vjp") return convolution(c).compare_derivatives(all);
  if (layer == "clip_grad_norm") return compare_clipped(c, all);
  if (c.operation == "cross_entropy") return compare_loss(c, all);
  if (c.operation == "cross_entropy_vjp") return compare_loss_derivatives(c, all);
  if (layer == "softmax" || layer == "log_softmax" || layer == "layer_norm") {
    compare_rows(c, all);
    if (c.operation == "layer_norm_vjp") compare_columns(c, all);
    return;
  }
  compare_elements(c, all);
}

}  // namespace

void layer_verifier::look_at(const computed_layer& c) {
  if (c.inputs.empty() || c.inputs[0].encodings.empty()) return;
  if (c.rules.arithmetic == "exact" && without_vjp(c.operation) != "conv2d" && c.operation != "mul")
    return;
  const std::string name = fmt::format("{} {} {}{}", c.rules.arithmetic, c.operation, shapes_of(c),
                                       c.gradient == derivative::exact ? " exact" : "");
  if (!seen_.insert(name).second) return;
  comparison all(c, name, kernels_);
  compare_some(c, all);
  tell_(all.result());
}

}  // namespace pamkit::training
