#pragma once

#include <atomic>

namespace pamkit::cli {

/// Ignores SIGPIPE (a closed pipe is an error code of write) and makes SIGINT and SIGTERM end the
/// program with 130 at once, unless a `graceful_interruption` lives.
void install_signal_handlers();

/// While one lives, the first SIGINT or SIGTERM only sets `requested`, so that a command can stop
/// between two pieces of work and leave nothing half written; the second one ends the program with
/// 130 at once.
class graceful_interruption {
 public:
  graceful_interruption();
  ~graceful_interruption();
  graceful_interruption(const graceful_interruption&) = delete;
  graceful_interruption& operator=(const graceful_interruption&) = delete;

  const std::atomic<bool>& requested() const;
};

}  // namespace pamkit::cli
