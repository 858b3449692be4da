#pragma once

#include "golden_elementwise.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {

/// Makes `row` a failing one, with a case at which the subject's result is not the golden model's:
/// `failing`, or where it `shrinks` the simplest.
void report_golden_failure(result& row, const subject& s, std::string_view operation,
                           const elementwise_oracle& oracle, const column& failing,
                           bool shrinks);

}  // namespace pamkit::properties
