#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace pamkit::properties {

/// Calls work(i) for every i below `count`, in order of i, on `jobs` threads; stops early when
/// asked to, or on the first exception, which it passes on.
inline void run_in_parallel(std::size_t count, int jobs, const std::stop_token& stop,
                            const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr error;
  std::mutex mutex;
  {
    std::vector<std::jthread> threads;
    for (int j = 0; j < std::max(jobs, 1); ++j) {
      threads.emplace_back([&] {
        for (std::size_t i = next++; i < count && !stop.stop_requested(); i = next++) {
          try {
            work(i);
          } catch (...) {
            const std::scoped_lock lock(mutex);
            if (!error) error = std::current_exception();
            next = count;
          }
        }
      });
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace pamkit::properties
