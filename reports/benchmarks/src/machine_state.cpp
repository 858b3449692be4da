#include "machine_state.hpp"

#include <fmt/format.h>

#include <fstream>
#include <thread>

namespace pamkit::benchmarks {
namespace {

// The program itself is one task once it runs.
constexpr double kIdleLoad = 0.5;
constexpr double kMuchWaiting = 0.02;

}  // namespace

machine_state read_machine_state() {
  machine_state s{.governor = "unknown", .load = 0, .processors = 1};
  s.processors = std::max(1U, std::thread::hardware_concurrency());
  std::ifstream("/proc/loadavg") >> s.load;
  std::string governor;
  if (std::ifstream("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") >> governor) {
    s.governor = governor;
  }
  return s;
}

std::vector<std::string> warnings_of(const machine_state& before, double waited) {
  std::vector<std::string> lines;
  if (before.load > kIdleLoad) {
    lines.push_back(
        fmt::format("the machine was not idle: load {:.2f} on {} processors when the run began; "
                    "ratios of turns that follow each "
                    "other bear it better than speeds",
                    before.load, before.processors));
  }
  if (waited > kMuchWaiting) {
    lines.push_back(fmt::format("the measured threads had no processor for {:.0f} % of the time",
                                100 * waited));
  }
  if (before.governor != "unknown" && before.governor != "performance") {
    lines.push_back(
        fmt::format("the clock is governed by '{}', not 'performance'", before.governor));
  }
  return lines;
}

}  // namespace pamkit::benchmarks
