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

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void resource_meter::start_step() {
  wall_start_ = wall_seconds();
  cpu_start_ = process_cpu_seconds();
  kernel_start_ = operators::kernel_seconds();
}

void resource_meter::end_step(std::size_t items) {
  wall_.push_back(wall_seconds() - wall_start_);
  cpu_.push_back(process_cpu_seconds() - cpu_start_);
  const std::vector<double> kernels = operators::kernel_seconds();
  kernel_start_.resize(kernels.size());
  kernel_.resize(kernels.size());
  for (std::size_t i = 0; i < kernels.size(); ++i) kernel_[i] += kernels[i] - kernel_start_[i];
  last_items_ = items;
  items_ += items;
}

double resource_meter::items_per_second() const {
  return wall_.empty() ? 0.0 : static_cast<double>(last_items_) / wall_.back();
}

double resource_meter::median_step_seconds() const { return median(wall_); }

nlohmann::ordered_json resource_meter::json(const std::string& items) const {
  return {{"threads", at::get_num_threads()},
          {"steps", wall_.size()},
          {"step_seconds_median", median(wall_)},
          {"step_cpu_seconds_median", median(cpu_)},
          {items + "_per_second", wall_.empty() ? 0.0 : static_cast<double>(items_) / sum(wall_)},
          {"wall_seconds", sum(wall_)},
          {"cpu_seconds", sum(cpu_)},
          {"kernel_cpu_seconds_by_thread", kernel_}};
}

}  // namespace pamkit::training
