#pragma once

#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace pamkit::training {

/// Where this process runs: processes with equal places know each other by their numbers.
std::string process_place();

/// Watches processes of this place from a thread of its own.
class process_watch {
 public:
  /// Calls `lost` once, on that thread, with the ranks of those that ended first. `ranks` are
  /// (rank, process).
  process_watch(const std::vector<std::pair<int, int>>& ranks,
                std::function<void(const std::vector<int>&)> lost);
  process_watch(const process_watch&) = delete;
  process_watch& operator=(const process_watch&) = delete;
  /// Ends the watch; `lost` is not called any more.
  ~process_watch();

 private:
  void wait(const std::function<void(const std::vector<int>&)>& lost) const;

  std::vector<int> ranks_;
  std::vector<int> descriptors_;  ///< one for each rank, then that which ends the watch
  std::thread thread_;
};

}  // namespace pamkit::training
