#pragma once

#include <vector>

#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {

/// The rows with the parts of each statement made one row, which stands where the first part stood.
/// Parts are joined in their order, so that equal parts give an equal row: cases add up, the first
/// failing part speaks for all, and error statistics are those of all pairs.
std::vector<result> joined(std::vector<result> rows);

}  // namespace pamkit::properties
