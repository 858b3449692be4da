#pragma once

#include <atomic>
#include <barrier>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "pamkit/cuda/kernel.cuh"
#include "pamkit/cuda/thread_crew.hpp"
#include "pamkit/cuda/unordered_section.hpp"

namespace pamkit::cuda {

/// The two ways in which all threads of a block wait for each other (kernel.cuh).
enum class block_wait : std::uint8_t { barrier, any_of_block };

/// What a thread did that concerns others.
struct thread_trace {
  std::vector<block_wait> waits;  ///< in their order
  bool has_exchanged = false;     ///< words with other lanes
};

/// The word that a lane receives from another one; all but `theirs` are faults.
enum class received_word : std::uint8_t { theirs, its_own, nan };

/// A fault that is planted in a launch on threads, to see that it is noticed; none by default.
struct thread_fault {
  /// This wait of the first thread of a block, counted from 0, orders nothing for it: what others
  /// wrote is not known to be there, nor what it wrote to others. It still waits, so that what is
  /// noticed does not depend on speeds.
  std::optional<std::size_t> unordered_wait = {};
  received_word received = received_word::theirs;
  bool repeats_first_block = false;  ///< two blocks have the index 0
};

/// A block whose threads are threads of the operating system. For ThreadSanitizer: a kernel that
/// lacks a barrier has one here. A thread that a barrier waits for in vain makes the program hang;
/// fiber_block says so.
class thread_block {
 public:
  /// One thread of the block, as kernels see it (kernel.cuh).
  class thread {
   public:
    thread(thread_block& block, int index) : block_(&block), index_(index) {}
    int index() const { return index_; }
    std::uint32_t block() const { return block_->block_; }
    void barrier() const {
      wait(block_wait::barrier, [&] { block_->all_.arrive_and_wait(); });
    }
    bool any_of_block(bool b) const {
      bool any = false;
      wait(block_wait::any_of_block, [&] { any = agreed(b); });
      return any;
    }
    /// Tells lanes a word and orders nothing else, as on a GPU.
    word from_lane_xor(word w, int distance) const {
      if (index_ == 0) block_->trace_.has_exchanged = true;
      warp& mine = *block_->warps_[static_cast<std::size_t>(index_ / kWarp)];
      const int lane = index_ % kWarp;
      const unordered_section section;
      mine.words[lane] = w.bits;
      mine.all.arrive_and_wait();
      const word other{mine.words[lane ^ distance]};
      mine.all.arrive_and_wait();
      switch (block_->fault_.received) {
        case received_word::its_own:
          return w;
        case received_word::nan:
          return canonical_nan<binary32>();
        default:
          return other;
      }
    }

   private:
    template <class Wait>
    void wait(block_wait kind, const Wait& all_are_here) const {
      if (index_ == 0) {
        std::vector<block_wait>& waits = block_->trace_.waits;
        waits.push_back(kind);
        if (block_->fault_.unordered_wait == waits.size() - 1) {
          const unordered_section section;
          return all_are_here();
        }
      }
      all_are_here();
    }

    bool agreed(bool b) const {
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

    thread_block* block_;
    int index_;
    mutable unsigned turn_ = 0;
  };

  thread_block(int threads, std::uint32_t block, const thread_fault& fault = {})
      : block_(block), threads_(threads), fault_(fault), all_(threads) {
    for (int i = 0; i < threads / kWarp; ++i) warps_.push_back(std::make_unique<warp>());
  }
  thread_block(const thread_block&) = delete;
  thread_block& operator=(const thread_block&) = delete;

  /// Calls body(thread) for every thread of the block, all at once. They have ended when it
  /// returns, yet are ordered before nothing but join() (thread_crew).
  template <class Body>
  void run_unordered(const Body& body) {
    thread_crew::mine().run_unordered(threads_, [this, body](int i) { body(thread(*this, i)); });
  }
  /// Of all blocks of the calling thread.
  static void join() { thread_crew::mine().join(); }

  template <class Body>
  void run(const Body& body) {
    run_unordered(body);
    join();
  }

  /// What thread 0 did; after join().
  const thread_trace& trace() const { return trace_; }

 private:
  struct warp {
    std::barrier<> all{kWarp};
    std::uint32_t words[kWarp];
  };

  std::uint32_t block_;
  int threads_;
  thread_fault fault_;
  thread_trace trace_;
  std::barrier<> all_;
  std::atomic<bool> flags_[2] = {false, false};
  std::vector<std::unique_ptr<warp>> warps_;
};

}  // namespace pamkit::cuda
