#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pamkit/training/channel.hpp"

namespace pamkit::training {

class process_watch;

/// Why a job ended: the exit code of all its processes, and the line to be said once.
struct failure {
  int code = 1;
  std::string message;
};

/// Thrown by every worker after one of them has failed.
class job_failed : public std::exception {
 public:
  explicit job_failed(failure why) : why_(std::move(why)) {}
  const char* what() const noexcept override { return why_.message.c_str(); }
  const failure& why() const { return why_; }

 private:
  failure why_;
};

/// The processes that train together: one alone is a job of one, whose calls do nothing. Workers
/// meet in exchange(); one that failed says so there, and all of them end with its line and its
/// exit code. One that vanishes between two meetings is noticed by those on its machine, who end
/// the job at once.
class workers {
 public:
  explicit workers(std::unique_ptr<channel> to_others);
  workers(const workers&) = delete;
  workers& operator=(const workers&) = delete;
  ~workers();

  int rank() const { return channel_->rank(); }
  int count() const { return channel_->size(); }
  /// Whether this is worker 0, which alone writes files and talks.
  bool is_first() const { return rank() == 0; }
  int on_this_machine() const { return channel_->on_this_machine(); }

  /// Every worker's text in the order of ranks, at each. Throws job_failed where a worker has
  /// failed.
  std::vector<std::string> exchange(const std::string& mine);

  /// Worker 0's text at each: what the others give is not looked at.
  std::string from_first(const std::string& text) { return exchange(text).front(); }

  /// Tells the others in their next exchange that this one has failed. Returns why the job ends,
  /// which is the same at each: 2 comes before 1 and 1 before 3, then the lowest rank. No further
  /// call but finish().
  failure fail(const failure& mine);

  /// Waits for the others; then nobody misses a worker that ends.
  void finish();

  /// From which step the same command would go on: for the line about a worker that vanished.
  void remember_step(std::uint64_t step) { step_ = step; }

  channel& values() { return *channel_; }

 private:
  std::vector<std::string> meet(const std::string& mine);
  [[noreturn]] void end_without(const std::vector<int>& gone) const;

  std::unique_ptr<channel> channel_;
  std::vector<bool> is_near_;  ///< by rank: of this machine
  std::atomic<std::uint64_t> step_ = 0;
  std::unique_ptr<process_watch> watch_;
};

}  // namespace pamkit::training
