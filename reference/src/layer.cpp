#include "pamkit/reference/layer.hpp"

#include <algorithm>
#include <stdexcept>

#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

constexpr std::string_view kSuffix = "_vjp";
constexpr std::uint32_t kMinusInfinity = 0xFF800000;

struct chosen_layer {
  const layer_definition* definition = nullptr;
  bool is_vjp = false;
};

chosen_layer find_layer(std::string_view name) {
  const bool is_vjp = name.ends_with(kSuffix);
  if (is_vjp) name.remove_suffix(kSuffix.size());
  for (const layer_definition* l : layer_registry()) {
    if (l->name == name && (!is_vjp || l->has_vjp)) return {l, is_vjp};
  }
  return {};
}

}  // namespace

std::vector<std::string> layer_names() {
  std::vector<std::string> names;
  for (const layer_definition* l : layer_registry()) {
    names.emplace_back(l->name);
    if (l->has_vjp) names.push_back(std::string(l->name) + std::string(kSuffix));
  }
  return names;
}

bool defines_layer(std::string_view name, std::string_view arithmetic) {
  const chosen_layer chosen = find_layer(name);
  if (chosen.definition == nullptr || find("mul", arithmetic) == nullptr) return false;
  if (!chosen.definition->needs_functions) return true;
  return find("div", arithmetic) != nullptr && find("exp2", arithmetic) != nullptr;
}

std::vector<dense> compute_layer(std::string_view name, const rules& rules, derivative kind,
                         std::span<const dense> operands, const layer_attributes& attributes) {
  const chosen_layer chosen = find_layer(name);
  const std::string text(name);
  require(defines_layer(name, rules.arithmetic), text.c_str(),
          "not defined for arithmetic '" + rules.arithmetic + "'");
  layer_call call{.given = rules,
                  .wide = product_rules(rules),
                  .kind = kind,
                  .unwidened = {operands.begin(), operands.end()},
                  .operands = {operands.begin(), operands.end()},
                  .attributes = attributes,
                  .is_vjp = chosen.is_vjp};
  const auto& integers = chosen.definition->integers;
  for (std::size_t i = 0; i < call.operands.size(); ++i) {
    if (std::ranges::find(integers, i) != integers.end()) continue;
    call.operands[i].encodings = widened(text.c_str(), "an operand", rules, call.operands[i]);
  }
  std::vector<dense> results = chosen.definition->compute(call);
  for (dense& r : results) r = encoded(rules, std::move(r.shape), std::move(r.encodings));
  return results;
}

matrix rows_of(const dense& x) {
  if (x.shape.empty()) return {1, 1, x.encodings};  // elementwise layers take scalars too
  const std::int64_t columns = x.shape.back();
  return {element_count(without_last(x.shape)), columns, x.encodings};
}

matrix per_row(const dense& x) { return {element_count(x.shape), 1, x.encodings, false, true}; }

std::vector<std::int64_t> without_last(const std::vector<std::int64_t>& shape) {
  return {shape.begin(), shape.end() - 1};
}

exponentials::exponentials(tape& steps, tape::value x) {
  const tape::value t = steps.mul(x, steps.constant(log2e(describe(binary32{}))));
  const matrix scaled = steps[t];
  matrix floors{scaled.rows, 1, {}, false, true};
  const auto n = static_cast<std::size_t>(scaled.columns);
  for (std::int64_t r = 0; r < scaled.rows; ++r) {
    const auto row = std::span(scaled.words).subspan(static_cast<std::size_t>(r) * n, n);
    floors.words.push_back(floor_binary32(greatest(row)));
    const bool is_empty = std::ranges::all_of(row, [](auto w) { return w == kMinusInfinity; });
    for (const std::uint32_t w : row) {
      is_masked.push_back(w == kMinusInfinity);
      is_row_masked.push_back(is_empty);
    }
  }
  floored_maximum = steps.constant(floors);
  e = steps.replace(steps.exp2(steps.subtract(t, floored_maximum)), is_masked, 0);
  sum = steps.row_sum(e);
}

tape::value log_sum_of(tape& steps, const exponentials& parts) {
  const tape::value exponent = steps.add(parts.floored_maximum, steps.log2(parts.sum));
  return steps.div(exponent, steps.constant(log2e(describe(binary32{}))));
}

tape::value log_softmax_of(tape& steps, tape::value x, const exponentials& parts) {
  return steps.replace(steps.subtract(x, log_sum_of(steps, parts)), parts.is_row_masked,
                       kMinusInfinity);
}

tape::value softmax_of(tape& steps, const exponentials& parts) {
  return steps.replace(steps.div(parts.e, parts.sum), parts.is_row_masked, 0);
}

matrix without_masked(matrix derivative, const std::vector<bool>& is_masked) {
  for (std::size_t i = 0; i < derivative.words.size(); ++i) {
    if (is_masked[i]) derivative.words[i] = 0;
  }
  return derivative;
}

tape::value mean_of(tape& steps, tape::value x) {
  const auto n = static_cast<double>(steps[x].columns);
  return steps.div(steps.row_sum(x), steps.constant(rounded(n)));
}

}  // namespace pamkit::reference
