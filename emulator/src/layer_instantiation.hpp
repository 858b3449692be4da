#pragma once

#include "pamkit/detail/float_environment.hpp"
#include "pamkit/layer_registry.hpp"
#include "scalar_tables.hpp"

namespace pamkit::detail {

/// The layer of this struct, with its operands counted before its definition sees them.
template <class A, class Layer, bool IsVjp>
std::vector<tensor> apply_layer(const policy<binary32>& rules, derivative gradient,
                                std::span<const tensor> inputs,
                                const layer_attributes& attributes) {
  const default_float_environment environment;
  const layer_call call{Layer::name, rules, gradient, inputs, &attributes, Layer::attributes};
  for (const auto& [name, value] : attributes) {
    call.require(std::ranges::find(call.known, name, &layer_attribute::name) != call.known.end(),
                 "no attribute is called " + name);
  }
  for (const tensor& t : inputs) {
    call.require(std::ranges::all_of(t.shape, [](std::int64_t n) { return n >= 0; }) &&
                     t.encodings.size() == static_cast<std::size_t>(element_count(t.shape)),
                 "an operand of shape " + text_of_shape(t.shape) + " has " +
                     std::to_string(t.encodings.size()) + " elements");
  }
  if constexpr (!requires { Layer::is_variadic; }) {
    constexpr std::size_t wanted =
        std::size(Layer::inputs) + (IsVjp ? std::size(Layer::outputs) : 0);
    call.require(inputs.size() == wanted, "needs " + std::to_string(wanted) + " operands, got " +
                                              std::to_string(inputs.size()));
  }
  if constexpr (IsVjp) {
    return Layer::template vjp<A>(call);
  } else {
    return Layer::template forward<A>(call);
  }
}

/// Calls visit.operator()<Layer, IsVjp>() for the layer "NAME" of a list, or its vjp "NAME_vjp";
/// not at all where A does not define it.
template <class A, class... Layers, class Visit>
void with_layer_in(type_list<Layers...> list, std::string_view operation, const Visit& visit) {
  constexpr std::string_view kSuffix = "_vjp";
  const bool is_vjp = operation.ends_with(kSuffix);
  if (is_vjp) operation.remove_suffix(kSuffix.size());
  for_each_type(list, [&]<class Layer>(std::type_identity<Layer>) {
    if constexpr (Layer::template is_defined<A>) {
      if (operation != Layer::name) return;
      if (!is_vjp) {
        visit.template operator()<Layer, false>();
      } else if constexpr (requires(const layer_call& c) { Layer::template vjp<A>(c); }) {
        visit.template operator()<Layer, true>();
      }
    }
  });
}

/// That layer, or nullptr.
template <class A, class... Layers>
layer_function find_layer_in(type_list<Layers...> list, std::string_view operation) {
  layer_function found = nullptr;
  with_layer_in<A>(list, operation,
                   [&]<class Layer, bool IsVjp>() { found = apply_layer<A, Layer, IsVjp>; });
  return found;
}

template <class A>
layer_function find_scalar_layer(std::string_view operation) {
  return find_layer_in<A>(all_layers{}, operation);
}

}  // namespace pamkit::detail
