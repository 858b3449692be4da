#pragma once

#include <optional>

#include "error_tables.hpp"

namespace pamkit::reports {

/// The compensations that `find_offsets` finds, as rows of a format whose fraction unit is so small
/// (23 bits) that sums over its pairs differ from the integrals, and so these roots, by about its
/// square only.
std::optional<bound_group> format_offsets(const measurement_request& request);

/// The quotient 1 / b over a format's fractions, exactly.
bound_group format_reciprocal(const measurement_request& request);

}  // namespace pamkit::reports
