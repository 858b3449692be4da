#pragma once

#include <string>
#include <vector>

namespace pamkit::benchmarks {

/// What else decides timings.
struct machine_state {
  std::string governor;  ///< of the first processor's clock, or "unknown"
  double load = 0;       ///< tasks that run or wait to, mean of the last minute
  unsigned processors = 1;
};

machine_state read_machine_state();

/// Lines that say why timings of this run are not those of an idle machine; none for one that is
/// idle.
std::vector<std::string> warnings_of(const machine_state& before, double waited);

}  // namespace pamkit::benchmarks
