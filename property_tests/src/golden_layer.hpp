#pragma once

#include <optional>

#include "pamkit/properties/layer_case.hpp"
#include "pamkit/properties/property.hpp"

/// The operations of pamkit/layer/ against the golden model.

namespace pamkit::properties {

/// P44 as a statement about layers; its operation is filled in by each row.
const property_text& golden_layer_text();

/// "softmax" or "softmax_vjp".
struct layer_operation {
  const layer_info* layer = nullptr;
  bool is_vjp = false;

  std::string name() const;
};

/// Every layer and every vjp of one.
std::vector<layer_operation> layer_operations();
std::optional<layer_operation> find_layer_operation(std::string_view name);

/// Whether a backend has the operation of an arithmetic.
bool has_layer(const backend& b, const layer_operation& operation, const arithmetic_info& info);

bool has_golden_layer(const layer_operation& operation, std::string_view oracle);

/// Its results, in the format of the case.
std::vector<tensor> golden_layer(const layer_operation& operation, derivative gradient,
                                 const arithmetic_choice& arithmetic, const any_format& format,
                                 subnormal_policy subnormals, overflow_policy overflow,
                                 const layer_case& c);

/// The first difference between two lists of results, shapes included; nothing when they agree.
std::optional<contraction_mismatch> first_difference(const std::vector<tensor>& got,
                                                     const std::vector<tensor>& expected);

}  // namespace pamkit::properties
