#include "resources.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <numeric>

#include "pamkit/operators/contraction.hpp"

namespace pamkit::training {
namespace {

double process_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

resource_meter::resource_meter()
    : wall_start_(wall_seconds()),
      cpu_start_(process_cpu_seconds()),
      kernel_start_(operators::kernel_seconds()) {}

void resource_meter::add_step(double seconds, std::size_t tokens) {
  step_seconds_.push_back(seconds);
  tokens_ += tokens;
}

double resource_meter::median_step_seconds() const {
  if (step_seconds_.empty()) return 0;
  std::vector<double> sorted = step_seconds_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::ranges::nth_element(sorted, middle);
  return *middle;
}

nlohmann::ordered_json resource_meter::json() const {
  const double training = std::accumulate(step_seconds_.begin(), step_seconds_.end(), 0.0);
  std::vector<double> kernels = operators::kernel_seconds();
  for (std::size_t i = 0; i < kernel_start_.size(); ++i) kernels[i] -= kernel_start_[i];
  return {{"threads", at::get_num_threads()},
          {"steps", step_seconds_.size()},
          {"step_seconds_median", median_step_seconds()},
          {"tokens_per_second", training > 0 ? static_cast<double>(tokens_) / training : 0.0},
          {"wall_seconds", wall_seconds() - wall_start_},
          {"cpu_seconds", process_cpu_seconds() - cpu_start_},
          {"kernel_cpu_seconds_by_thread", kernels}};
}

}  // namespace pamkit::training
