#include "pamkit/properties/layer_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "layer_numbers.hpp"
#include "pamkit/properties/layer_shape.hpp"

namespace pamkit::properties {
namespace {

// Widening makes a NaN canonical: what lies in memory as binary32 stays what it is.
column widened_words(const any_format& format, const column& words) {
  if (describe(format).storage_bits == 32) return words;
  std::vector<float> values(words.size());
  widen(format, words, values);
  column wide(words.size());
  std::ranges::transform(values, wide.begin(),
                         [](float x) { return std::bit_cast<std::uint32_t>(x); });
  return wide;
}

}  // namespace

std::string layer_case::shape(bool with_incoming) const {
  layer_shape all{.tensors = {}, .attributes = attributes};
  for (const tensor& t : inputs) all.tensors.push_back(t.shape);
  if (with_incoming) {
    for (const tensor& t : incoming) all.tensors.push_back(t.shape);
  }
  return all.text();
}

column layer_case::operands(bool with_incoming) const {
  column all;
  const auto append = [&](const tensor& t) {
    all.insert(all.end(), t.encodings.begin(), t.encodings.end());
  };
  std::ranges::for_each(inputs, append);
  if (with_incoming) std::ranges::for_each(incoming, append);
  return all;
}

std::optional<layer_case> parse_layer_case(const layer_info& layer, std::string_view shape,
                                           const column& operands, bool with_incoming) {
  const auto parsed = parse_layer_shape(shape);
  if (!parsed) return std::nullopt;
  layer_case c;
  c.attributes = parsed->attributes;
  std::vector<tensor> tensors;
  auto next = operands.begin();
  for (const std::vector<std::int64_t>& one : parsed->tensors) {
    if (elements_of(one) > operands.end() - next) return std::nullopt;
    const auto first = next;
    next += elements_of(one);
    tensors.push_back({one, column(first, next)});
  }
  const std::size_t incoming = with_incoming ? layer.outputs.size() : 0;
  if (next != operands.end() || tensors.size() < incoming) return std::nullopt;
  const auto middle = tensors.end() - static_cast<std::ptrdiff_t>(incoming);
  c.inputs.assign(tensors.begin(), middle);
  c.incoming.assign(middle, tensors.end());
  if (!layer.is_variadic && c.inputs.size() != layer.inputs.size()) return std::nullopt;
  return c;
}

layer_case widened(const any_format& format, const layer_info& layer, layer_case c) {
  for_each_number_tensor(layer, c,
                         [&](tensor& t) { t.encodings = widened_words(format, t.encodings); });
  return c;
}

std::vector<tensor> apply_to_widened(const subject& s, const layer_info& layer, bool is_vjp,
                                     derivative gradient, const layer_case& wide) {
  const std::string name = std::string(layer.name) + (is_vjp ? "_vjp" : "");
  const backend& b = s.implementation();
  const layer_function apply =
      b.layer == nullptr ? nullptr : b.layer(name, s.arithmetic().info->name);
  if (apply == nullptr) {
    throw std::invalid_argument(fmt::format("backend {} has no {}", b.name, name));
  }
  std::vector<tensor> operands = wide.inputs;
  if (is_vjp) operands.insert(operands.end(), wide.incoming.begin(), wide.incoming.end());
  return apply(contraction_rules(s.rules()), gradient, operands, wide.attributes);
}

std::vector<tensor> apply_layer(const subject& s, const layer_info& layer, bool is_vjp,
                                derivative gradient, const layer_case& c) {
  return narrowed(s.rules(),
                  apply_to_widened(s, layer, is_vjp, gradient, widened(s.rules().format, layer, c)));
}

std::vector<tensor> narrowed(const configuration& rules, std::vector<tensor> results) {
  if (describe(rules.format).storage_bits == 32) return results;
  for (tensor& t : results) {
    std::vector<float> values(t.encodings.size());
    std::ranges::transform(t.encodings, values.begin(),
                           [](std::uint32_t x) { return std::bit_cast<float>(x); });
    narrow(rules, values, t.encodings);
  }
  return results;
}

}  // namespace pamkit::properties
