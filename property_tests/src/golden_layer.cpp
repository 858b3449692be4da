#include "golden_layer.hpp"

#include <algorithm>

#include "oracle_rules.hpp"
#include "pamkit/reference/layer.hpp"

namespace pamkit::properties {

const property_text& golden_layer_text() {
  static const property_text text = {
      .id = "P44",
      .part = "layer",
      .sentence = "every output is the golden model's, each sum in its declared order",
      .domain = "all operands",
      .operation = "",
      .promise = "",
      .promised = nullptr};
  return text;
}

std::string layer_operation::name() const {
  return std::string(layer->name) + (is_vjp ? "_vjp" : "");
}

std::vector<layer_operation> layer_operations() {
  std::vector<layer_operation> all;
  for (const layer_info& layer : layers()) {
    all.push_back({&layer, false});
    if (layer.has_vjp) all.push_back({&layer, true});
  }
  return all;
}

std::optional<layer_operation> find_layer_operation(std::string_view name) {
  const auto all = layer_operations();
  const auto it = std::ranges::find(all, name, &layer_operation::name);
  return it == all.end() ? std::nullopt : std::optional(*it);
}

bool has_layer(const backend& b, const layer_operation& operation, const arithmetic_info& info) {
  return b.layer != nullptr && b.layer(operation.name(), info.name) != nullptr;
}

bool has_golden_layer(const layer_operation& operation, std::string_view oracle) {
  return reference::defines_layer(operation.name(), oracle);
}

std::vector<tensor> golden_layer(const layer_operation& operation, derivative gradient,
                                 const arithmetic_choice& arithmetic, const any_format& format,
                                 subnormal_policy subnormals, overflow_policy overflow,
                                 const layer_case& c) {
  std::vector<reference::dense> operands;
  for (const tensor& t : c.inputs) operands.push_back({t.shape, t.encodings});
  if (operation.is_vjp) {
    for (const tensor& t : c.incoming) operands.push_back({t.shape, t.encodings});
  }
  const auto kind =
      gradient == derivative::approx ? reference::derivative::approx : reference::derivative::exact;
  const reference::rules rules = oracle_rules(arithmetic, format, subnormals, overflow);
  std::vector<tensor> results;
  for (reference::dense& r :
       reference::compute_layer(operation.name(), rules, kind, operands, c.attributes)) {
    results.push_back({std::move(r.shape), std::move(r.encodings)});
  }
  return results;
}

std::optional<contraction_mismatch> first_difference(const std::vector<tensor>& got,
                                                     const std::vector<tensor>& expected) {
  const std::size_t both = std::min(got.size(), expected.size());
  for (std::size_t i = 0; i < both; ++i) {
    const auto [g, e] = std::ranges::mismatch(got[i].encodings, expected[i].encodings);
    const bool got_ends = g == got[i].encodings.end();
    const bool expected_ends = e == expected[i].encodings.end();
    if (got_ends && expected_ends && got[i].shape == expected[i].shape) continue;
    return contraction_mismatch{got_ends ? 0 : *g, expected_ends ? 0 : *e};
  }
  if (got.size() != expected.size()) return contraction_mismatch{};
  return std::nullopt;
}

}  // namespace pamkit::properties
