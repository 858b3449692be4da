#pragma once

#include <vector>

#include "error_tables.hpp"

namespace pamkit::reports {

/// exp in its two steps. `exp_composition`: against 2^t of the encoded product t = x . log2(e), whose
/// error is bounded as exp2's is. `exp`, metrics `relative_at_X`: against e^x at chosen arguments, where the
/// relative error of t has been raised to a power.
std::vector<bound_group> exp_in_steps(const measurement_request& request);

}  // namespace pamkit::reports
