#include "pamkit/properties/layer_shape.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>

#include "pamkit/properties/most_elements.hpp"

namespace pamkit::properties {
namespace {

std::string tensor_text(const std::vector<std::int64_t>& shape) {
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

std::optional<std::vector<std::int64_t>> parse_tensor_shape(std::string_view text) {
  std::vector<std::int64_t> shape;
  if (text == "1x") return shape;
  for (const std::string_view part : split(text, 'x')) {
    const auto n = number<std::int64_t>(part);
    if (!n || *n < 0 || *n > most_elements) return std::nullopt;
    shape.push_back(*n);
  }
  return shape;
}

}  // namespace

std::string layer_shape::text() const {
  std::vector<std::string> shapes;
  for (const auto& shape : tensors) shapes.push_back(tensor_text(shape));
  std::string text = fmt::format("{}", fmt::join(shapes, ","));
  for (const auto& [name, value] : attributes) text += fmt::format("/{}={}", name, value);
  return text;
}

std::optional<layer_shape> parse_layer_shape(std::string_view text) {
  layer_shape shape;
  const auto parts = split(text, '/');
  for (const std::string_view attribute : std::span(parts).subspan(1)) {
    const auto sides = split(attribute, '=');
    const auto value = sides.size() == 2 ? number<double>(sides[1]) : std::nullopt;
    if (!value || !std::isfinite(*value)) return std::nullopt;
    if (!shape.attributes.emplace(sides[0], *value).second) return std::nullopt;
  }
  for (const std::string_view one : split(parts[0], ',')) {
    auto tensor = parse_tensor_shape(one);
    if (!tensor || elements_of(*tensor) > most_elements) return std::nullopt;
    shape.tensors.push_back(std::move(*tensor));
  }
  return shape;
}

std::int64_t elements_of(const std::vector<std::int64_t>& tensor_shape) {
  std::int64_t count = 1;
  for (const std::int64_t n : tensor_shape) count = std::min(count * n, 2 * most_elements);
  return count;
}

}  // namespace pamkit::properties
