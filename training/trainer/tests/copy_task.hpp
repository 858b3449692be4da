#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// A corpus that a tiny model can learn, and the training program run on it.

namespace pamkit::training::test {

using words = std::vector<std::string>;

/// Arguments, and more behind them.
words with(words arguments, const words& more);

/// A folder of one test, removed at its end: data/ with a corpus whose target is its source, and room for runs.
class copy_task {
 public:
  copy_task();
  copy_task(const copy_task&) = delete;
  copy_task& operator=(const copy_task&) = delete;
  ~copy_task();

  std::filesystem::path data() const { return folder_ / "data"; }
  std::filesystem::path folder() const { return folder_; }

  /// Arguments for a run of the tiny recipe: `train RECIPE --data ... --out OUT --set ...`.
  std::vector<std::string> train_arguments(const std::string& out,
                                           const std::string& arithmetic) const;

 private:
  std::filesystem::path folder_;
};

/// How a program ended and what it wrote.
struct program_result {
  int exit_code = 0;  ///< 128 + signal where a signal ended it
  std::string standard_output;
  std::string standard_error;
};

/// A program, found as a shell would, and its arguments.
struct command_line {
  std::vector<std::string> words;
};

/// A started training program.
class training_program {
 public:
  training_program(const std::filesystem::path& scratch, const std::vector<std::string>& arguments);
  training_program(const std::filesystem::path& scratch, const command_line& command);
  void signal(int number) const;
  int process() const { return process_; }
  program_result wait();

 private:
  std::filesystem::path scratch_;
  int process_;
};

program_result run_program(const copy_task& task, const std::vector<std::string>& arguments);
program_result run_program(const copy_task& task, const command_line& command);

nlohmann::json summary_of(const std::filesystem::path& run);

/// The records of metrics.jsonl of one kind.
std::vector<nlohmann::json> metrics_of(const std::filesystem::path& run, const std::string& kind);

/// The checkpoints of a run, oldest first.
std::vector<std::filesystem::path> checkpoints_of(const std::filesystem::path& run);

/// Waits until the run has written a checkpoint of at least this step; false after a minute.
bool wait_for_checkpoint(const std::filesystem::path& run, std::uint64_t step);

}  // namespace pamkit::training::test
