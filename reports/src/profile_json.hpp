#pragma once

#include <nlohmann/json.hpp>

#include "pamkit/reports/profile_comparison.hpp"

namespace pamkit::reports {

/// The comparison of the profiles as report.json has it, under "profile".
nlohmann::ordered_json profile_json(const profile_comparison& comparison);

}  // namespace pamkit::reports
