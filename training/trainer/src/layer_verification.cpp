#include "layer_verification.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <variant>

#include "pamkit/operators/contraction.hpp"
#include "pamkit/reference/layer.hpp"

namespace pamkit::training {
namespace {

using operators::computed_layer;

constexpr std::int64_t kElements = 64;
constexpr std::int64_t kChannels = 8;

bool is_vjp(std::string_view operation) { return operation.ends_with("_vjp"); }

std::string_view without_vjp(std::string_view operation) {
  return is_vjp(operation) ? operation.substr(0, operation.size() - 4) : operation;
}

// Operands of a smaller call of the same operation, and which rows of the call's results it decides
// alone.
struct part {
  std::vector<tensor> inputs;
  layer_attributes attributes;
  std::vector<std::int64_t> rows;   ///< of the call, in the part's order
  std::vector<std::size_t> by_row;  ///< results that have a row for each of them
};

tensor rows_of(const tensor& t, const std::vector<std::int64_t>& rows, std::int64_t row_count) {
  const auto length =
      row_count == 0 ? 0 : static_cast<std::int64_t>(t.encodings.size()) / row_count;
  tensor result{t.shape, {}};
  if (t.shape.size() > 1 && t.shape.back() == length) {
    result.shape = {static_cast<std::int64_t>(rows.size()), length};
  } else {
    result.shape = {static_cast<std::int64_t>(rows.size())};
  }
  for (const std::int64_t r : rows) {
    result.encodings.insert(result.encodings.end(), t.encodings.begin() + r * length,
                            t.encodings.begin() + (r + 1) * length);
  }
  return result;
}

std::vector<std::int64_t> some_rows(std::int64_t count) {
  std::vector<std::int64_t> rows = {0, count / 2, count - 1};
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

part part_of_rows(const computed_layer& c, std::int64_t row_count, std::vector<std::int64_t> rows,
                  std::initializer_list<std::size_t> whole) {
  part p{{}, c.attributes, std::move(rows), {}};
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    const bool is_whole = std::ranges::find(whole, i) != whole.end();
    p.inputs.push_back(is_whole ? c.inputs[i] : rows_of(c.inputs[i], p.rows, row_count));
  }
  return p;
}

part part_of_elements(const computed_layer& c) {
  const auto count = static_cast<std::int64_t>(c.inputs[0].encodings.size());
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < std::min(count, kElements); ++i) {
    places.push_back(i * count / std::min(count, kElements));
  }
  part p{{}, c.attributes, places, {}};
  for (const tensor& t : c.inputs) {
    tensor few{{static_cast<std::int64_t>(places.size())}, {}};
    for (const std::int64_t i : places)
      few.encodings.push_back(t.encodings[static_cast<std::size_t>(i)]);
    p.inputs.push_back(std::move(few));
  }
  for (std::size_t i = 0; i < c.outputs.size(); ++i) p.by_row.push_back(i);
  return p;
}

// The upper left corner of the first image for an output or two of the first group.
part corner_of_convolution(const computed_layer& c) {
  const tensor& x = c.inputs[0];
  const tensor& w = c.inputs[1];
  const auto attribute = [&](const char* name, double otherwise) {
    const auto it = c.attributes.find(name);
    return static_cast<std::int64_t>(it == c.attributes.end() ? otherwise : it->second);
  };
  const std::int64_t stride = attribute("stride", 1);
  const std::int64_t padding = attribute("padding", 0);
  // Derivatives towards both operands have a term for each pair of places: of them fewer channels.
  const std::int64_t channels =
      is_vjp(c.operation) ? std::min<std::int64_t>(w.shape[1], kChannels) : w.shape[1];
  // Of the result one output at its first place (and those that hang over the corner's other
  // edges): all terms of a wide layer take the golden model long enough.
  const bool whole_sums = !is_vjp(c.operation);
  const std::int64_t outputs =
      whole_sums ? 1 : std::min<std::int64_t>(2, w.shape[0] / attribute("groups", 1));
  const auto side = [&](std::int64_t size, std::int64_t kernel) {
    return std::min(size,
                    whole_sums ? std::max<std::int64_t>(1, kernel - padding) : kernel + stride);
  };
  const std::int64_t height = side(x.shape[2], w.shape[2]);
  const std::int64_t width = side(x.shape[3], w.shape[3]);
  part p{{}, c.attributes, {}, {}};
  p.attributes["groups"] = 1;
  tensor corner{{1, channels, height, width}, {}};
  for (std::int64_t k = 0; k < channels; ++k) {
    for (std::int64_t i = 0; i < height; ++i) {
      const auto from = x.encodings.begin() + (k * x.shape[2] + i) * x.shape[3];
      corner.encodings.insert(corner.encodings.end(), from, from + width);
    }
  }
  const std::int64_t kernel = w.shape[2] * w.shape[3];
  tensor weights{{outputs, channels, w.shape[2], w.shape[3]}, {}};
  for (std::int64_t o = 0; o < outputs; ++o) {
    const auto from = w.encodings.begin() + o * w.shape[1] * kernel;
    weights.encodings.insert(weights.encodings.end(), from, from + channels * kernel);
  }
  tensor bias = c.inputs[2];
  if (!bias.encodings.empty()) {
    bias.shape = {outputs};
    bias.encodings.resize(static_cast<std::size_t>(outputs));
  }
  p.inputs = {std::move(corner), std::move(weights), std::move(bias)};
  if (is_vjp(c.operation)) {
    const std::int64_t out_height = (height + 2 * padding - w.shape[2]) / stride + 1;
    const std::int64_t out_width = (width + 2 * padding - w.shape[3]) / stride + 1;
    tensor d{{1, outputs, out_height, out_width}, {}};
    const auto count = static_cast<std::size_t>(outputs * out_height * out_width);
    for (std::size_t i = 0; i < count; ++i) {
      d.encodings.push_back(c.inputs[3].encodings[i % c.inputs[3].encodings.size()]);
    }
    p.inputs.push_back(std::move(d));
  }
  return p;
}

part starts_of_tensors(const computed_layer& c) {
  part p{{}, c.attributes, {}, {}};
  for (std::size_t i = 0; i < std::min<std::size_t>(3, c.inputs.size()); ++i) {
    const std::size_t count = std::min<std::size_t>(16, c.inputs[i].encodings.size());
    p.inputs.push_back({{static_cast<std::int64_t>(count)},
                        {c.inputs[i].encodings.begin(),
                         c.inputs[i].encodings.begin() + static_cast<std::ptrdiff_t>(count)}});
  }
  return p;
}

part part_of(const computed_layer& c) {
  const std::string_view layer = without_vjp(c.operation);
  if (layer == "conv2d") return corner_of_convolution(c);
  if (layer == "clip_grad_norm") return starts_of_tensors(c);
  if (layer == "cross_entropy") {
    const std::int64_t rows = c.inputs[0].shape[0];
    part p = part_of_rows(c, rows, some_rows(rows), {2});
    return p;
  }
  if (layer == "softmax" || layer == "log_softmax" || layer == "layer_norm") {
    const std::int64_t length = c.inputs[0].shape.back();
    const std::int64_t rows =
        length == 0 ? 0 : static_cast<std::int64_t>(c.inputs[0].encodings.size()) / length;
    part p = layer == "layer_norm" ? part_of_rows(c, rows, some_rows(rows), {1, 2})
                                   : part_of_rows(c, rows, some_rows(rows), {});
    p.by_row = {0};
    return p;
  }
  return part_of_elements(c);
}

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

std::vector<std::vector<std::uint32_t>> golden(const computed_layer& c, const part& p) {
  const reference::rules rules = rules_of(c);
  if (find_operation(c.operation) != nullptr) {
    std::vector<std::uint32_t> results;
    for (std::size_t i = 0; i < p.inputs[0].encodings.size(); ++i) {
      std::vector<std::uint32_t> operands;
      for (const tensor& t : p.inputs) operands.push_back(t.encodings[i]);
      results.push_back(reference::golden(c.operation, rules, operands));
    }
    return {results};
  }
  std::vector<reference::dense> operands;
  for (const tensor& t : p.inputs) operands.push_back({t.shape, t.encodings});
  const auto kind = c.gradient == derivative::exact ? reference::derivative::exact
                                                    : reference::derivative::approx;
  std::vector<std::vector<std::uint32_t>> results;
  for (reference::dense& d :
       reference::compute_layer(c.operation, rules, kind, operands, p.attributes)) {
    results.push_back(std::move(d.encodings));
  }
  return results;
}

std::vector<std::vector<std::uint32_t>> again(const computed_layer& c, const part& p) {
  const backend& by = operators::used_backend();
  if (const operation_info* const info = find_operation(c.operation)) {
    std::vector<std::uint32_t> out(p.inputs[0].encodings.size());
    by.elementwise(info->name, c.rules.arithmetic)(c.rules, p.inputs[0].encodings.data(),
                                                   p.inputs.back().encodings.data(), out.data(),
                                                   out.size());
    return {out};
  }
  std::vector<std::vector<std::uint32_t>> results;
  for (tensor& t : by.layer(c.operation, c.rules.arithmetic)(contraction_rules(c.rules), c.gradient,
                                                             p.inputs, p.attributes)) {
    results.push_back(std::move(t.encodings));
  }
  return results;
}

// Whether the part's results stand in the call's at their rows; of a convolution the first place,
// whose taps the corner holds.
bool stands_in(const computed_layer& c, const part& p,
               const std::vector<std::vector<std::uint32_t>>& results) {
  if (c.operation == "conv2d") {
    const std::vector<std::int64_t>& shape = c.outputs[0].shape;
    const auto area = static_cast<std::size_t>(shape[2] * shape[3]);
    const auto outputs = static_cast<std::size_t>(p.inputs[1].shape[0]);
    const std::size_t part_area = results[0].size() / outputs;
    for (std::size_t o = 0; o < outputs; ++o) {
      if (results[0][o * part_area] != c.outputs[0].encodings[o * area]) return false;
    }
  }
  for (const std::size_t k : p.by_row) {
    const auto& whole = c.outputs[k].encodings;
    const auto& few = results[k];
    const auto length = static_cast<std::int64_t>(few.size() / p.rows.size());
    for (std::size_t i = 0; i < p.rows.size(); ++i) {
      if (!std::equal(few.begin() + static_cast<std::int64_t>(i) * length,
                      few.begin() + static_cast<std::int64_t>(i + 1) * length,
                      whole.begin() + p.rows[i] * length)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

void layer_verifier::look_at(const computed_layer& c) {
  if (c.inputs.empty() || c.inputs[0].encodings.empty()) return;
  if (c.rules.arithmetic == "exact" && without_vjp(c.operation) != "conv2d" && c.operation != "mul")
    return;
  const std::string name = fmt::format("{} {} {}{}", c.rules.arithmetic, c.operation, shapes_of(c),
                                       c.gradient == derivative::exact ? " exact" : "");
  if (!seen_.insert(name).second) return;
  const part p = part_of(c);
  const auto expected = golden(c, p);
  const auto got = again(c, p);
  compared_layer result{name, 0, got == expected && stands_in(c, p, expected)};
  for (const auto& words : expected) {
    result.outputs += words.size();
    for (const std::uint32_t w : words) result.line += fmt::format(" {:08X}", w);
  }
  if (!result.equal) result.line += " (differs from what was computed)";
  tell_(result);
}

}  // namespace pamkit::training
