#pragma once

#include <cstdint>
#include <string>

#include "pamkit/training/run.hpp"

namespace pamkit::training {

/// A line on the terminal that is written over; nothing where standard error is no terminal.
class terminal_line {
 public:
  explicit terminal_line(bool quiet);
  terminal_line(const terminal_line&) = delete;
  terminal_line& operator=(const terminal_line&) = delete;
  ~terminal_line() { clear(); }

  /// Whether a new text should be shown: not so soon after the last.
  bool is_due() const;

  /// Shows it in place of the last.
  void show(const std::string& text);

  /// Takes the line away, so that something else can be printed.
  void clear();

 private:
  bool shown_;
  bool visible_ = false;
  double last_shown_ = 0;
};

/// A terminal line for work of which the share that is done is known.
class share_line {
 public:
  share_line(std::string work, bool quiet);

  /// `share` is from 0 to 1.
  void show(double share);
  void clear() { line_.clear(); }

 private:
  std::string work_;
  double started_;
  terminal_line line_;
};

/// A terminal line that says how far the whole job is.
class progress_line {
 public:
  explicit progress_line(bool quiet) : line_(quiet) {}

  /// `steps` more updates are to be done than known so far.
  void expect(std::uint64_t steps) { expected_ += steps; }

  /// Shows where a run is.
  void show(const run_progress& at);

  /// The run shown last is over; its updates count as done, however many it made.
  void finish_run(std::uint64_t steps);

  /// Takes the line away, so that something else can be printed.
  void clear() { line_.clear(); }

 private:
  terminal_line line_;
  std::uint64_t expected_ = 0;
  std::uint64_t before_ = 0;       ///< updates of finished runs
  std::uint64_t first_step_ = 0;   ///< of this run, in this process
  std::uint64_t measured_ = 0;     ///< updates made by this process in finished runs
  std::uint64_t last_step_ = 0;
  double measured_seconds_ = 0;
  double run_started_ = 0;
  std::string run_;
};

}  // namespace pamkit::training
