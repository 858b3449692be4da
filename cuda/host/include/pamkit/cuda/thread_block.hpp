#pragma once

#include <atomic>
#include <barrier>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "pamkit/cuda/kernel.cuh"

namespace pamkit::cuda {

/// A block whose threads are threads of the operating system. For tools that look for races: a
/// kernel that lacks a barrier has one here. A thread that a barrier waits for in vain makes the
/// program hang; fiber_block says so.
class thread_block {
 public:
  /// One thread of the block, as kernels see it (kernel.cuh).
  class thread {
   public:
    thread(thread_block& block, int index) : block_(&block), index_(index) {}
    int index() const { return index_; }
    std::uint32_t block() const { return block_->block_; }
    void barrier() const { block_->all_.arrive_and_wait(); }
    bool any_of_block(bool b) const {
      // The flag of this call; the other one is that of the last, which everybody has read by the
      // time that the barrier opens, and is cleared for the next.
      std::atomic<bool>& flag = block_->flags_[turn_ % 2];
      std::atomic<bool>& other = block_->flags_[(turn_ + 1) % 2];
      ++turn_;
      if (b) flag.store(true, std::memory_order_relaxed);
      block_->all_.arrive_and_wait();
      const bool any = flag.load(std::memory_order_relaxed);
      other.store(false, std::memory_order_relaxed);
      block_->all_.arrive_and_wait();
      return any;
    }
    word from_lane_xor(word w, int distance) const {
      warp& mine = *block_->warps_[static_cast<std::size_t>(index_ / kWarp)];
      const int lane = index_ % kWarp;
      mine.words[lane] = w.bits;
      mine.all.arrive_and_wait();
      const word other{mine.words[lane ^ distance]};
      mine.all.arrive_and_wait();
      return other;
    }

   private:
    thread_block* block_;
    int index_;
    mutable unsigned turn_ = 0;
  };

  thread_block(int threads, std::uint32_t block) : block_(block), threads_(threads), all_(threads) {
    for (int i = 0; i < threads / kWarp; ++i) warps_.push_back(std::make_unique<warp>());
  }
  thread_block(const thread_block&) = delete;
  thread_block& operator=(const thread_block&) = delete;

  /// Calls body(thread) for every thread of the block, all at once.
  template <class Body>
  void run(const Body& body) {
    std::vector<std::jthread> running;
    for (int i = 0; i < threads_; ++i) {
      running.emplace_back([this, &body, i] { body(thread(*this, i)); });
    }
  }

 private:
  struct warp {
    std::barrier<> all{kWarp};
    std::uint32_t words[kWarp];
  };

  std::uint32_t block_;
  int threads_;
  std::barrier<> all_;
  std::atomic<bool> flags_[2] = {false, false};
  std::vector<std::unique_ptr<warp>> warps_;
};

}  // namespace pamkit::cuda
