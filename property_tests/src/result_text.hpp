#pragma once

#include <string>

#include "pamkit/properties/property.hpp"
#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {

/// Upper-case hexadecimal with as many digits as the format has.
std::string hexadecimal(const format_description& format, std::uint32_t bits);

/// The row of a statement about one arithmetic, format and policy; what the run itself finds is
/// still missing.
result make_row(const property_text& text, const arithmetic_choice& arithmetic,
                const any_format& format, subnormal_policy subnormals, overflow_policy overflow);

/// A row that says why nothing was run: for every policy and backend at once.
result make_not_run_row(const property_text& text, const arithmetic_choice& arithmetic,
                        const any_format& format, std::string reason);

/// The command that looks at a counterexample again.
std::string replay_command(const result& row, const std::vector<std::string>& operands);

}  // namespace pamkit::properties
