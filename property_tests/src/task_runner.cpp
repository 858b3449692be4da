#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <queue>
#include <set>
#include <tuple>

#include "kernel_rows.hpp"
#include "pamkit/properties/suite_record.hpp"
#include "suite_context.hpp"
#include "work_queue.hpp"

namespace pamkit::properties {
namespace {

void add_all_tasks(suite_context& context) {
  for (const task_family& family : task_families()) {
    if (context.wants_profile(family.of_profile)) family.add_tasks(context);
  }
}

std::vector<std::uint64_t> numbers_of(const std::vector<task>& tasks, const shard& part) {
  std::vector<std::uint64_t> dearest_first(tasks.size());
  std::iota(dearest_first.begin(), dearest_first.end(), std::uint64_t{0});
  std::ranges::stable_sort(dearest_first, [&](std::uint64_t a, std::uint64_t b) {
    return tasks[a].seconds > tasks[b].seconds;
  });
  using load = std::pair<double, std::uint64_t>;
  std::priority_queue<load, std::vector<load>, std::greater<>> loads;
  for (std::uint64_t i = 1; i <= part.count; ++i) loads.emplace(0, i);
  std::vector<std::uint64_t> numbers;
  for (const std::uint64_t number : dearest_first) {
    const auto [seconds, index] = loads.top();
    loads.pop();
    loads.emplace(seconds + tasks[number].seconds, index);
    if (index == part.index) numbers.push_back(number);
  }
  return numbers;
}

std::uint64_t milliseconds(double seconds) {
  return static_cast<std::uint64_t>(std::ceil(1000 * seconds));
}

// Keeps the record; one call at a time.
class recorder {
 public:
  recorder(const suite_context& context, const run_control& control, suite_record& record)
      : context_(context), control_(control), record_(record) {
    for (const used_cases& c : record.cases) known_.insert(key_of(c));
    total_ = 0;
    for (const std::uint64_t n : numbers_of(context.tasks(), control.part)) {
      total_ += milliseconds(context.tasks()[n].seconds);
      if (record.done.contains(n)) done_ += milliseconds(context.tasks()[n].seconds);
    }
  }

  void add(std::uint64_t number, rows found) {
    const std::scoped_lock lock(mutex_);
    const task& t = context_.tasks()[number];
    std::vector<used_cases> made;
    for (used_cases& c : context_.cases().coverage()) {
      if (known_.insert(key_of(c)).second) made.push_back(std::move(c));
    }
    record_.cases.insert(record_.cases.end(), made.begin(), made.end());
    const rows& kept = record_.done[number] = std::move(found);
    done_ += milliseconds(t.seconds);
    if (control_.on_task) control_.on_task(number, kept, made);
    if (control_.progress) control_.progress(done_, total_, t.what);
  }

 private:
  using key = std::tuple<bool, std::string, std::int32_t, std::string>;
  static key key_of(const used_cases& c) {
    return {c.is_layer, describe(c.shape.format).name, c.shape.compensation, c.what};
  }

  const suite_context& context_;
  const run_control& control_;
  suite_record& record_;
  std::mutex mutex_;
  std::set<key> known_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace

std::vector<std::uint64_t> tasks_of(const suite_options& options, const shard& part) {
  suite_context context(options, {});
  add_all_tasks(context);
  return numbers_of(context.tasks(), part);
}

bool run_tasks(const suite_options& options, const run_control& control, suite_record& record) {
  suite_context context(options, control.stop);
  add_all_tasks(context);
  record.tasks = context.tasks().size();
  recorder keep(context, control, record);
  const std::vector<std::uint64_t> numbers = numbers_of(context.tasks(), control.part);
  for (std::size_t phase = 0; phase < context.phases().size(); ++phase) {
    std::vector<std::uint64_t> open;
    for (const std::uint64_t n : numbers) {
      const bool is_now = context.tasks()[n].phase == static_cast<int>(phase);
      if (is_now && !record.done.contains(n)) open.push_back(n);
    }
    if (context.phases()[phase] != nullptr && !open.empty()) context.phases()[phase]();
    run_in_parallel(open.size(), context.options().jobs, context.stop_token(), [&](std::size_t i) {
      run_observer* const observer = context.options().observer;
      if (observer != nullptr) observer->task_starts();
      forget_launches(context.options());
      rows found = context.tasks()[open[i]].run();
      add_kernel_rows(context.options(), found);
      if (observer != nullptr) observer->task_ended(found);
      // A task that was told to stop may have found a part only.
      if (!context.is_stopping()) keep.add(open[i], std::move(found));
    });
  }
  return !context.is_stopping();
}

}  // namespace pamkit::properties
