#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "pamkit/properties/suite.hpp"

/// A run of the suite in pieces: what some of its tasks found, to be gone on with later or joined
/// with what other processes found.

namespace pamkit::properties {

/// Cases that a run made, and the classes that they reached.
struct used_cases {
  case_shape shape;
  std::string what;  ///< "1 operand", "2 operands", ..., or "matmul"; the profile with it
  class_counts reached{};
  std::size_t cases = 0;
  bool is_layer = false;
};

/// What is known so far. The tasks of a run, and their numbers, depend on its options alone.
struct suite_record {
  std::uint64_t tasks = 0;                          ///< of the whole run
  std::map<std::uint64_t, std::vector<result>> done;  ///< by the number of the task
  std::vector<used_cases> cases;

  bool is_complete() const { return done.size() == tasks; }
};

/// One of `count` parts of a run of about the same cost; `index` counts from 1.
struct shard {
  std::uint64_t index = 1;
  std::uint64_t count = 1;
};

/// A task that is done; `made` are the cases made since the call before.
using task_function = std::function<void(std::uint64_t task, const std::vector<result>& rows,
                                         const std::vector<used_cases>& made)>;

struct run_control {
  shard part = {};
  progress_function progress = {};
  task_function on_task = {};  ///< called from any thread, one call at a time
  std::stop_token stop = {};
};

/// Runs the tasks of the shard that `record` lacks and adds what they find. Returns whether it came
/// to the end of them.
bool run_tasks(const suite_options& options, const run_control& control, suite_record& record);

/// The tasks of one shard: the dearest first to the shard that has the least to do.
std::vector<std::uint64_t> tasks_of(const suite_options& options, const shard& part);

/// The rows and the coverage of a record. Of a complete one they are those of run_suite, whoever ran
/// which task.
suite_results results_of(const suite_options& options, const suite_record& record);

}  // namespace pamkit::properties
