#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace pamkit::reports {

/// The percentages of the metrics quantile_P.
inline constexpr std::array kQuantiles = {1, 5, 25, 50, 75, 95, 99};

inline std::string quantile_metric(int percent) { return "quantile_" + std::to_string(percent); }

/// quantile_P is the least error that at least P % of the cases do not exceed: in ascending order,
/// counted from 0, the one at this place.
inline std::uint64_t quantile_rank(std::uint64_t cases, int percent) {
  // In two parts: cases may come near to 2^64.
  const auto p = static_cast<std::uint64_t>(percent);
  const std::uint64_t scaled = cases / 100 * p + (cases % 100 * p + 99) / 100;
  return scaled == 0 ? 0 : scaled - 1;
}

}  // namespace pamkit::reports
