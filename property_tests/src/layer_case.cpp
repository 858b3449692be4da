#include "pamkit/properties/layer_case.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <stdexcept>

namespace pamkit::properties {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return shape.empty() ? "1x" : fmt::format("{}", fmt::join(shape, "x"));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// At most as many elements as a command line holds.
constexpr std::int64_t kMostElements = 1 << 20;

std::optional<std::vector<std::int64_t>> parse_tensor_shape(std::string_view text) {
  std::vector<std::int64_t> shape;
  if (text == "1x") return shape;
  for (const std::string_view part : split(text, 'x')) {
    const auto n = number<std::int64_t>(part);
    if (!n || *n < 0 || *n > kMostElements) return std::nullopt;
    shape.push_back(*n);
  }
  return shape;
}

std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count = std::min(count * n, 2 * kMostElements);
  return count;
}

bool is_integer(const layer_info& layer, std::size_t input) {
  return !layer.is_variadic && layer.inputs[input].is_integer;
}

column widened_words(const any_format& format, const column& words) {
  std::vector<float> values(words.size());
  widen(format, words, values);
  column wide(words.size());
  std::ranges::transform(values, wide.begin(),
                         [](float x) { return std::bit_cast<std::uint32_t>(x); });
  return wide;
}

// The numbers of a case, one column: what shrinking works on.
template <class Case, class Function>
void for_each_number_tensor(const layer_info& layer, Case& c, const Function& f) {
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    if (!is_integer(layer, i)) f(c.inputs[i]);
  }
  for (auto& t : c.incoming) f(t);
}

}  // namespace

std::string layer_case::shape(bool with_incoming) const {
  std::vector<std::string> shapes;
  for (const tensor& t : inputs) shapes.push_back(shape_text(t.shape));
  if (with_incoming) {
    for (const tensor& t : incoming) shapes.push_back(shape_text(t.shape));
  }
  std::string text = fmt::format("{}", fmt::join(shapes, ","));
  for (const auto& [name, value] : attributes) text += fmt::format("/{}={}", name, value);
  return text;
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
  layer_case c;
  const auto parts = split(shape, '/');
  for (const std::string_view attribute : std::span(parts).subspan(1)) {
    const auto sides = split(attribute, '=');
    const auto value = sides.size() == 2 ? number<double>(sides[1]) : std::nullopt;
    if (!value) return std::nullopt;
    c.attributes.emplace(sides[0], *value);
  }
  std::vector<tensor> tensors;
  auto next = operands.begin();
  for (const std::string_view text : split(parts[0], ',')) {
    auto s = parse_tensor_shape(text);
    if (!s || element_count(*s) > operands.end() - next) return std::nullopt;
    const auto first = next;
    next += element_count(*s);
    tensors.push_back({std::move(*s), column(first, next)});
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
  std::vector<tensor> results =
      apply_to_widened(s, layer, is_vjp, gradient, widened(s.rules().format, layer, c));
  if (s.format().storage_bits == 32) return results;
  for (tensor& t : results) {
    std::vector<float> values(t.encodings.size());
    std::ranges::transform(t.encodings, values.begin(),
                           [](std::uint32_t x) { return std::bit_cast<float>(x); });
    narrow(s.rules(), values, t.encodings);
  }
  return results;
}

layer_case shrink_layer_case(const any_format& format, const layer_info& layer, layer_case c,
                             const std::function<bool(const layer_case&)>& fails,
                             std::size_t limit) {
  const auto numbers_of = [&](const layer_case& x) {
    column all;
    for_each_number_tensor(layer, x, [&](const tensor& t) {
      all.insert(all.end(), t.encodings.begin(), t.encodings.end());
    });
    return all;
  };
  const auto with_numbers = [&](const column& all) {
    layer_case x = c;
    auto next = all.begin();
    for_each_number_tensor(layer, x, [&](tensor& t) {
      for (std::uint32_t& e : t.encodings) e = *next++;
    });
    return x;
  };
  std::size_t evaluated = 0;
  column all = numbers_of(c);
  // Runs of numbers to +0, halves first.
  for (std::size_t run = (all.size() + 1) / 2; run > 0; run /= 2) {
    for (std::size_t first = 0; first < all.size() && evaluated < limit; first += run) {
      column candidate = all;
      const auto begin = candidate.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end =
          candidate.begin() + static_cast<std::ptrdiff_t>(std::min(first + run, all.size()));
      if (std::all_of(begin, end, [](std::uint32_t x) { return x == 0; })) continue;
      std::fill(begin, end, 0);
      ++evaluated;
      if (fails(with_numbers(candidate))) all = std::move(candidate);
    }
  }
  if (all.size() > 64 || evaluated >= limit) return with_numbers(all);
  return with_numbers(shrink_case(
      format, all, [&](const column& x) { return fails(with_numbers(x)); }, limit - evaluated));
}

}  // namespace pamkit::properties
