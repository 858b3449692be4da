#pragma once

#include <rapidcheck.h>

#include "pamkit/properties/generator.hpp"

namespace pamkit::properties {

/// A case with its simpler cases, for RapidCheck: toward 1.0, toward fewer and higher fraction
/// bits, toward plus.
rc::Shrinkable<column> shrinkable_case(const format_description& format, column operands);

}  // namespace pamkit::properties
