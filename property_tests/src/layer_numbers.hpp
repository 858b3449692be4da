#pragma once

#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties {

/// Calls f with each tensor of a case that holds numbers: classes and masks are words that are no encodings.
template <class Case, class Function>
void for_each_number_tensor(const layer_info& layer, Case& c, const Function& f) {
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    if (layer.is_variadic || !layer.inputs[i].is_integer) f(c.inputs[i]);
  }
  for (auto& t : c.incoming) f(t);
}

/// binary32 results encoded once in the format of the rules; those of formats that are stored in 32 bits stay
/// what they are.
std::vector<tensor> narrowed(const configuration& rules, std::vector<tensor> results);

}  // namespace pamkit::properties
