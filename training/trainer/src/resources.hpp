#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

namespace pamkit::training {

/// What training takes on this machine, from the object's making on; for this process only.
class resource_meter {
 public:
  resource_meter();

  /// Counts one update.
  void add_step(double seconds, std::size_t tokens);

  double median_step_seconds() const;

  /// Steps, their median time, tokens per second, wall and CPU seconds, and the CPU seconds that each thread
  /// spent inside contraction kernels.
  nlohmann::ordered_json json() const;

 private:
  double wall_start_;
  double cpu_start_;
  std::vector<double> kernel_start_;
  std::vector<double> step_seconds_;
  std::size_t tokens_ = 0;
};

/// Seconds of a clock that never goes back.
double wall_seconds();

}  // namespace pamkit::training
