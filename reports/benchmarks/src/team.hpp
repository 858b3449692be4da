#pragma once

#include <barrier>
#include <functional>
#include <thread>
#include <vector>

namespace pamkit::benchmarks {

/// Threads that do the parts of a task at the same time, over and over: the caller's thread the
/// first part, one thread of its own each other part.
class team {
 public:
  explicit team(std::vector<std::function<void()>> parts)
      : parts_(std::move(parts)),
        start_(static_cast<std::ptrdiff_t>(parts_.size())),
        end_(static_cast<std::ptrdiff_t>(parts_.size())) {
    for (std::size_t i = 1; i < parts_.size(); ++i) {
      threads_.emplace_back([this, i](const std::stop_token& stop) {
        while (true) {
          start_.arrive_and_wait();
          if (stop.stop_requested()) return;
          parts_[i]();
          end_.arrive_and_wait();
        }
      });
    }
  }
  team(const team&) = delete;
  team& operator=(const team&) = delete;
  ~team() {
    for (std::jthread& t : threads_) t.request_stop();
    start_.arrive_and_wait();
  }

  /// Returns when every part is done.
  void run() {
    start_.arrive_and_wait();
    parts_[0]();
    end_.arrive_and_wait();
  }

 private:
  std::vector<std::function<void()>> parts_;
  std::barrier<> start_, end_;
  std::vector<std::jthread> threads_;
};

}  // namespace pamkit::benchmarks
