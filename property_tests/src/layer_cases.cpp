/// The files of the folder layer_cases/, by the name of their layer.
#include <algorithm>
#include <iterator>
#include <utility>

#include "layer_case_registry.hpp"
#include "recorded_tensor.hpp"
#include "training_tensor.hpp"

namespace pamkit::properties {
namespace {

const layer_case_entry* find_entry(std::string_view layer) {
  const auto it = std::ranges::find(layer_case_entries, layer, &layer_case_entry::layer);
  return it == std::end(layer_case_entries) ? nullptr : &*it;
}

}  // namespace

void count_layer_case(const any_format& format, const layer_case& c, class_counts& counts) {
  constexpr std::pair<training_kind, case_class> classes[] = {
      {training_kind::weights, case_class::training_weights},
      {training_kind::activations, case_class::training_activations},
      {training_kind::gradients, case_class::training_gradients},
      {training_kind::logits, case_class::training_logits}};
  const tensor& x = c.inputs.front();
  const auto length = x.shape.empty() ? 0 : static_cast<std::size_t>(x.shape.back());
  if (length < 8) return;
  for (std::size_t first = 0; first + length <= x.encodings.size(); first += length) {
    const auto row = std::span(x.encodings).subspan(first, length);
    for (const auto& [kind, as] : classes) {
      if (has_statistics_of(kind, format, row)) ++counts[static_cast<std::size_t>(as)];
    }
    if (is_recorded(format, row)) {
      ++counts[static_cast<std::size_t>(case_class::training_recorded)];
    }
  }
}

bool has_layer_cases(std::string_view layer) { return find_entry(layer) != nullptr; }

std::vector<layer_case> make_layer_cases(std::string_view layer, const any_format& format,
                                         std::uint64_t seed, layer_case_size size) {
  const layer_case_entry* entry = find_entry(layer);
  if (entry == nullptr) return {};
  layer_case_source source(format, seed, size);
  entry->add_cases(source);
  return source.take();
}

}  // namespace pamkit::properties
