#pragma once

#include <cstdint>
#include <string>

#include "pamkit/training/run.hpp"

namespace pamkit::training {

/// One line on the terminal that says how far the whole job is; nothing where standard error is no terminal.
class progress_line {
 public:
  explicit progress_line(bool quiet);
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line() { clear(); }

  /// `steps` more updates are to be done than known so far.
  void expect(std::uint64_t steps) { expected_ += steps; }

  /// Shows where a run is.
  void show(const run_progress& at);

  /// The run shown last is over; its updates count as done, however many it made.
  void finish_run(std::uint64_t steps);

  /// Takes the line away, so that something else can be printed.
  void clear();

 private:
  bool shown_;
  bool visible_ = false;
  std::uint64_t expected_ = 0;
  std::uint64_t before_ = 0;       ///< updates of finished runs
  std::uint64_t first_step_ = 0;   ///< of this run, in this process
  std::uint64_t measured_ = 0;     ///< updates made by this process in finished runs
  std::uint64_t last_step_ = 0;
  double measured_seconds_ = 0;
  double run_started_ = 0;
  double last_shown_ = 0;
  std::string run_;
};

}  // namespace pamkit::training
