#pragma once

#include "error_tables.hpp"

namespace pamkit::reports {

/// Errors of one operation against the exponent, from a few binades inside each end of the format's
/// range to a few beyond, over a grid of fractions: products and quotients by the sum (difference)
/// of the exponents, shared between the operands as evenly as it can be; unary operations by the
/// argument. A result that is flushed has the relative error -1.
exponent_profile profile_range_ends(const measurement_request& request);

}  // namespace pamkit::reports
