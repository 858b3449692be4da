#pragma once

#include <cmath>
#include <nlohmann/json.hpp>

namespace pamkit::training {

/// x, or null where JSON has no number for it: infinities and NaNs.
inline nlohmann::ordered_json number_or_null(double x) {
  return std::isfinite(x) ? nlohmann::ordered_json(x) : nlohmann::ordered_json();
}

}  // namespace pamkit::training
