#pragma once

#include <cstdint>

#include "extended_magnitude.hpp"
#include "pamkit/properties/case_class.hpp"

namespace pamkit::properties {

/// The compensation of a shape, down to the units of its operands: those of binary32mN reach no finer
/// edge, and cases one unit beside it lie on either side of the edge itself.
inline std::int64_t reachable_compensation(const case_shape& shape) {
  return shape.compensation & -unit_of(describe(shape.format));
}

}  // namespace pamkit::properties
