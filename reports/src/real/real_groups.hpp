#pragma once

#include <vector>

#include "error_tables.hpp"

namespace pamkit::reports {

/// Name of the continuous fractions where a format's name stands.
inline constexpr const char* kRealFormat = "real";

/// Everything that one operation and arithmetic say over continuous fractions; nothing where there
/// is no definition here.
std::vector<bound_group> real_groups(const measured_operation& operation,
                                     const arithmetic_choice& arithmetic);

/// Metrics of pam and pad against the compensation, with the offsets that were found.
compensation_sweep sweep_compensation(const measured_operation& operation);

}  // namespace pamkit::reports
