#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pamkit/properties/digest.hpp"
#include "pamkit/properties/tensor_function.hpp"

/// The lines of `vectors` from the golden model.

namespace pamkit::properties {

/// Whether the reference has the operation for an arithmetic's oracle.
bool has_golden_tensor(const tensor_function& f, derivative gradient, std::string_view oracle);

/// Its results in the format of the case. Throws std::invalid_argument for shapes that do not fit.
std::vector<tensor> golden_tensor(const tensor_function& f, derivative gradient,
                                  const arithmetic_choice& arithmetic, const any_format& format,
                                  subnormal_policy subnormals, overflow_policy overflow,
                                  const layer_case& c);

/// The digest of what the golden model returns. Throws std::runtime_error where the reference has no such
/// operation.
std::string golden_digest(const digest_item& item, const digest_cases& cases);

}  // namespace pamkit::properties
