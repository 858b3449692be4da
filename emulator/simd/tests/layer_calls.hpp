#pragma once

#include <random>
#include <string>
#include <vector>

#include "operand_profiles.hpp"
#include "pamkit/backend.hpp"

namespace pamkit::testing {

/// One call of a layer or its vjp.
struct layer_operands {
  std::vector<tensor> tensors;
  layer_attributes attributes;
};

/// Whether a layer works on rows of its first operand, or element by element.
inline bool is_of_rows(const layer_info& layer) {
  return layer.name != "attention" && layer.name != "conv2d" && layer.name != "linear";
}

/// Operands of such a layer: `rows` rows of `length` elements.
inline layer_operands draw_operands(const layer_info& layer, bool is_vjp, std::int64_t rows,
                                    std::int64_t length, const operand_profile& profile,
                                    std::mt19937& random) {
  layer_operands call;
  const auto add = [&](std::vector<std::int64_t> shape, const auto& word) {
    std::int64_t count = 1;
    for (const std::int64_t n : shape) count *= n;
    tensor t{std::move(shape), std::vector<std::uint32_t>(static_cast<std::size_t>(count))};
    for (std::uint32_t& x : t.encodings) x = word();
    call.tensors.push_back(std::move(t));
  };
  const auto number = [&] { return draw(profile, random); };
  const std::vector<std::int64_t> whole = {rows, length};
  const std::vector<std::int64_t> reduced = {rows};
  if (layer.name == "cross_entropy") {
    add(whole, number);
    add(reduced, [&]() -> std::uint32_t {
      if (length == 0 || random() % 5 == 0) return 0xffffffffU;
      return static_cast<std::uint32_t>(random() % static_cast<std::uint64_t>(length));
    });
    if (is_vjp) add({}, number);
    const double smoothing[] = {0, 0.1, 1};
    call.attributes["smoothing"] = smoothing[random() % 3];
    call.attributes["fairseq"] = static_cast<double>(random() % 2);
    return call;
  }
  if (layer.is_variadic) {
    for (int i = 0; i < 3; ++i) add(i == 1 ? reduced : whole, number);
    const double limits[] = {0, 1, 1e30};
    call.attributes["limit"] = limits[random() % 3];
    return call;
  }
  for (const layer_operand& operand : layer.inputs) {
    const bool is_parameter = layer.name == "layer_norm" && operand.name != "x";
    if (operand.is_integer) {
      add(whole, [&] { return static_cast<std::uint32_t>(random() % 3); });
    } else {
      add(is_parameter ? std::vector{length} : whole, number);
    }
  }
  const bool reduces = layer.name == "sum" || layer.name == "mean" || layer.name == "norm" ||
                       layer.name == "logsumexp";
  if (is_vjp) add(reduces ? reduced : whole, number);
  if (layer.name == "layer_norm" && random() % 2 == 0) call.attributes["eps"] = 0;
  if (layer.name == "adamw_step") {
    call.attributes["step"] = static_cast<double>(1 + random() % 1000);
    if (random() % 4 == 0) {
      call.attributes["beta1"] = 0;
    } else if (random() % 4 == 0) {
      call.attributes["corrected"] = 1;
    }
    if (random() % 3 == 0) call.attributes["weight_decay"] = 0;
    // Mostly sums of squares.
    if (random() % 4 != 0) {
      for (std::uint32_t& x : call.tensors[3].encodings) x &= 0x7fffffffU;
    }
  }
  return call;
}

/// Some rows as attention makes them: a masked end, or nothing else; +infinity; equal elements.
inline void mask_rows(tensor& x, std::mt19937& random) {
  const auto length = static_cast<std::size_t>(x.shape.back());
  for (std::size_t first = 0; length > 0 && first < x.encodings.size(); first += length) {
    const auto begin = x.encodings.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = begin + static_cast<std::ptrdiff_t>(length);
    switch (random() % 6) {
      case 0:
        std::fill(begin + static_cast<std::ptrdiff_t>(random() % length), end, 0xff800000U);
        break;
      case 1:
        std::fill(begin, end, 0xff800000U);
        break;
      case 2:
        *(begin + static_cast<std::ptrdiff_t>(random() % length)) = 0x7f800000U;
        break;
      case 3:
        std::fill(begin, end, *begin);
        break;
      default:
        break;
    }
  }
}

/// f(rules) for every pair of policies; what a layer does not use, a compensation, must not matter.
template <class Visit>
void for_each_policy(const Visit& visit) {
  for (const auto subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
    for (const auto overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
      visit(policy<binary32>{subnormals, overflow, 463051, {}});
    }
  }
}

/// f(operation, layer, is_vjp, gradient) for every layer of rows that an arithmetic defines, and
/// its derivatives.
template <class Visit>
void for_each_layer_of_rows(const arithmetic_info& info, const Visit& visit) {
  for (const layer_info& layer : layers()) {
    if (!is_of_rows(layer)) continue;
    const std::string name(layer.name);
    if (scalar_backend().layer(name, info.name) == nullptr) continue;
    visit(name, layer, false, derivative::approx);
    if (!layer.has_vjp) continue;
    for (const derivative gradient : {derivative::approx, derivative::exact}) {
      if (info.has_derivative(gradient)) visit(name + "_vjp", layer, true, gradient);
    }
  }
}

}  // namespace pamkit::testing
