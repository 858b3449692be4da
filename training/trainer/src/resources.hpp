#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pamkit::training {

/// What the updates of a run take on this machine; those made by this process only.
class resource_meter {
 public:
  /// Around each update.
  void start_step();
  void end_step(std::size_t items);

  /// Of the last update.
  double items_per_second() const;

  double median_step_seconds() const;

  /// Number of updates, median wall and CPU time of one, `items` per second, wall and CPU seconds of all, and
  /// the CPU seconds that each thread spent inside contraction kernels.
  nlohmann::ordered_json json(const std::string& items) const;

 private:
  double wall_start_ = 0;
  double cpu_start_ = 0;
  std::vector<double> kernel_start_;
  std::vector<double> wall_;
  std::vector<double> cpu_;
  std::vector<double> kernel_;
  std::size_t last_items_ = 0;
  std::size_t items_ = 0;
};

/// Seconds of a clock that never goes back.
double wall_seconds();

}  // namespace pamkit::training
