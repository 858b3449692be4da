#pragma once

#include <vector>

#include "identities/identities.hpp"

/// Whole layers over an arithmetic against the same layer in binary64, both from the same binary32
/// inputs.

namespace pamkit::reports {

/// One layer of one size: inputs drawn, the emulator's result, and the ordinary one.
struct layer_case {
  std::string_view name;
  /// Draws inputs of size n.
  std::vector<tensor> (*inputs)(class sample_data& data, std::int64_t n);
  /// In binary64, from the inputs' values; integer operands as they are.
  std::vector<double> (*ordinary)(const std::vector<tensor>& inputs);
};

/// The layers that are measured. The matrix product, no layer of the registry, is `matmul`.
std::span<const layer_case> measured_layers();

/// Gain and residual of every layer that the arithmetic defines, with Gaussian and uniform inputs, by
/// size.
std::vector<bound_group> layer_errors(const group_request& request, const layer_case& layer);

}  // namespace pamkit::reports
