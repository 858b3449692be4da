#pragma once

#include <functional>

#include "pamkit/properties/contraction_case.hpp"

/// Products whose call a statement makes itself.

namespace pamkit::properties {

/// What `run` leaves in the output of a contraction of the case's operands, all row-major: binary32
/// encodings. `run` gets the whole problem. `are_columns`: all four matrices lie in memory column by column.
column contiguous_product(contraction_kind kind, const contraction_case& c,
                          const std::function<void(const contraction_problem&)>& run, bool are_columns = false);

}  // namespace pamkit::properties
