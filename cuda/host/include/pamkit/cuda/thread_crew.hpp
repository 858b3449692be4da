#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace pamkit::cuda {

/// Threads of the operating system that are kept from block to block: under ThreadSanitizer
/// starting one takes longer than what it has to do here.
class thread_crew {
 public:
  /// The crew of the calling thread.
  static thread_crew& mine();

  thread_crew() = default;
  thread_crew(const thread_crew&) = delete;
  thread_crew& operator=(const thread_crew&) = delete;
  ~thread_crew();

  /// Calls body(i) for 0 <= i < count, each on a thread that has done nothing since the last
  /// join(). They find what the caller did before, and have ended when this returns; yet nothing
  /// that they did is ordered before what the caller does next, so that to ThreadSanitizer those of
  /// the next call run at the same time. Body and what it refers to stay until join().
  void run_unordered(int count, std::function<void(int)> body);

  /// Orders what they did before what the caller does next.
  void join();

 private:
  struct worker {
    std::atomic<std::uint32_t> started = 0;  ///< how often
    std::atomic<std::uint32_t> ended = 0;
    const std::function<void(int)>* body = nullptr;
    int index = 0;
    std::jthread thread;
  };

  void work(worker& w);

  std::vector<std::unique_ptr<worker>> workers_;
  std::size_t used_ = 0;  ///< of them, since the last join()
  std::vector<std::unique_ptr<std::function<void(int)>>> bodies_;
  std::atomic<int> running_ = 0;
};

}  // namespace pamkit::cuda
