#pragma once

#include <functional>
#include <string>
#include <vector>

#include "aims.hpp"
#include "machine_state.hpp"
#include "measurement.hpp"
#include "timing.hpp"

namespace pamkit::benchmarks {

struct run_options {
  settings cases;
  timing_plan plan;
  std::vector<int> threads = {1};
  std::vector<aim> aims;
  std::vector<absence> absent;  ///< cases that are known to be missing
  std::function<void(std::size_t done, std::size_t all, const std::string& label)> progress;
};

/// A kernel's speed over a baseline's.
struct ratio_row {
  std::string name, arithmetic, data, shape, baseline;
  int threads = 1;
  quartiles ratio;
  std::optional<aim> aimed;

  bool is_too_slow() const { return aimed && ratio.median < aimed->least; }
};

/// One contender's time.
struct time_row {
  std::string name, arithmetic, data, shape, contender, unit;
  int threads = 1;
  double work = 0;
  quartiles seconds;  ///< of one call
  std::size_t rounds = 0;
  std::int64_t calls = 0;
};

struct run_result {
  std::vector<ratio_row> ratios;
  std::vector<time_row> times;
  std::vector<absence> absent;
  std::vector<absence> baselines;  ///< those that are there, with their descriptions
  machine_state before;
  double waited = 0;  ///< greatest share of a case's time in which the thread had no processor
  std::size_t measured = 0;
};

/// Checks, then times every case, one after the other. Throws `mismatch`, with the case's label, at
/// the first kernel whose result is not the definition's.
run_result run_cases(const std::vector<measured_case>& cases,
                     const std::vector<baseline>& baselines, const run_options& options);

}  // namespace pamkit::benchmarks
