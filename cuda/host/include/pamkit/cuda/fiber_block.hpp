#pragma once

#include <cstdint>
#include <span>

#include "pamkit/cuda/kernel.cuh"

namespace pamkit::cuda {

/// A block whose threads are fibers of the calling thread: each runs until it waits for others,
/// then the next one does. Where one thread reads what another has not yet written, it reads poison
/// or the past, every time.
class fiber_block {
 public:
  /// One thread of the block, as kernels see it (kernel.cuh).
  class thread {
   public:
    thread(fiber_block& block, int index) : block_(&block), index_(index) {}
    int index() const { return index_; }
    std::uint32_t block() const { return block_->block_; }
    void barrier() const { block_->wait(index_, {.kind = wait_kind::barrier}); }
    bool any_of_block(bool b) const {
      return block_->wait(index_, {.kind = wait_kind::any, .word = b ? 1U : 0U}) != 0;
    }
    word from_lane_xor(word w, int distance) const {
      return {block_->wait(index_,
                           {.kind = wait_kind::exchange, .word = w.bits, .distance = distance})};
    }

   private:
    fiber_block* block_;
    int index_;
  };

  /// `threads` is a multiple of 32, at most 1024.
  fiber_block(int threads, std::uint32_t block) : threads_(threads), block_(block) {}
  fiber_block(const fiber_block&) = delete;
  fiber_block& operator=(const fiber_block&) = delete;

  /// Calls body(thread) for every thread of the block. Throws std::logic_error where some of them
  /// wait for what the others never do. The body throws nothing and leaves nothing to destroy.
  template <class Body>
  void run(const Body& body) {
    run_all([](const void* b, const thread& t) { (*static_cast<const Body*>(b))(t); }, &body);
  }

 private:
  enum class wait_kind : std::uint8_t { none, barrier, any, exchange, done };
  struct waiting {
    wait_kind kind = wait_kind::none;
    std::uint32_t word = 0;
    int distance = 0;
    friend bool operator==(const waiting&, const waiting&) = default;
  };
  struct fibers;
  using body_function = void (*)(const void* body, const thread&);

  void run_all(body_function function, const void* body);
  std::uint32_t wait(int index, const waiting& what);
  bool release_warp(std::span<waiting> warp);
  void release_block(std::span<waiting> all);
  static void enter(fiber_block& self, int index);

  int threads_;
  std::uint32_t block_;
  fibers* fibers_ = nullptr;
  body_function function_ = nullptr;
  const void* body_ = nullptr;
};

}  // namespace pamkit::cuda
