#include "timing.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace pamkit::benchmarks {
namespace {

// Keeps what Google Benchmark reports; one entry a contender, in the order of registration.
class collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& report) override {
    runs.insert(runs.end(), report.begin(), report.end());
  }
  std::vector<Run> runs;
};

// Registers every contender, with a fixed number of calls where `calls` has one, and runs each
// once, in order.
std::vector<benchmark::BenchmarkReporter::Run> run_once(const std::vector<contender>& contenders,
                                                        const std::vector<std::int64_t>& calls,
                                                        double slice) {
  benchmark::ClearRegisteredBenchmarks();
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const auto* const run = &contenders[i].run;
    auto* const entry =
        benchmark::RegisterBenchmark(std::to_string(i).c_str(), [run](benchmark::State& state) {
          for (auto _ : state) (*run)();
        });
    if (calls.empty()) {
      entry->MinTime(slice);
    } else {
      entry->Iterations(calls[i]);
    }
  }
  collector found;
  benchmark::RunSpecifiedBenchmarks(&found, ".");
  benchmark::ClearRegisteredBenchmarks();
  if (found.runs.size() != contenders.size()) {
    throw std::logic_error("Google Benchmark ran another number of contenders than it was given");
  }
  return std::move(found.runs);
}

}  // namespace

timing time_in_turns(const std::vector<contender>& contenders, const timing_plan& plan) {
  timing result;
  std::vector<std::int64_t> calls;
  double round = 0;
  for (const auto& run : run_once(contenders, {}, plan.slice)) {
    const double seconds =
        std::max(run.real_accumulated_time / static_cast<double>(run.iterations), 1e-9);
    calls.push_back(std::max<std::int64_t>(1, std::llround(plan.slice / seconds)));
    round += seconds * static_cast<double>(calls.back());
  }
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    result.contenders.push_back(
        {contenders[i].name, contenders[i].work, std::vector<double>(), calls[i]});
  }
  const int rounds = std::clamp(static_cast<int>(std::min(plan.total / round, 1e6)),
                                plan.least_rounds, plan.most_rounds);
  double elapsed = 0;
  double processor = 0;
  for (int r = 0; r < rounds; ++r) {
    const auto runs = run_once(contenders, calls, plan.slice);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const double time =
          plan.is_wall ? runs[i].real_accumulated_time : runs[i].cpu_accumulated_time;
      result.contenders[i].seconds.push_back(time / static_cast<double>(runs[i].iterations));
      elapsed += runs[i].real_accumulated_time;
      processor += runs[i].cpu_accumulated_time;
    }
  }
  result.waited = elapsed > 0 ? std::max(0.0, 1 - processor / elapsed) : 0;
  return result;
}

quartiles quartiles_of(std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&values](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return std::lerp(values[below], values[above], place - static_cast<double>(below));
  };
  return {at(0.25), at(0.5), at(0.75)};
}

quartiles speed_ratio(const timed_contender& of, const timed_contender& to) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < of.seconds.size(); ++i) {
    ratios.push_back(of.work / of.seconds[i] / (to.work / to.seconds[i]));
  }
  return quartiles_of(std::move(ratios));
}

}  // namespace pamkit::benchmarks
