#pragma once

#include "golden_elementwise.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {

/// What a subject makes of one case: by itself, or, where that is right, in whole vectors of it,
/// for which kernels may have a short way.
std::uint32_t result_of_case(const subject& s, std::string_view operation,
                             const elementwise_oracle& oracle, const column& x);

/// Makes `row` a failing one, with a case at which the subject's result is not the golden model's:
/// `failing`, or where it `shrinks` the simplest.
void report_golden_failure(result& row, const subject& s, std::string_view operation,
                           const elementwise_oracle& oracle, const column& failing, bool shrinks);

}  // namespace pamkit::properties
