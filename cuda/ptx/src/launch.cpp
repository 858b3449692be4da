#include "pamkit/ptx/launch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>

#include "pamkit/ptx/block.hpp"

namespace pamkit::ptx {
namespace {

constexpr u32 kWarp = 32;

/// The threads of a block and how they wait for each other.
class scheduler {
 public:
  scheduler(const kernel& k, block& b, const launch_options& options)
      : block_(b),
        run_(k.run),
        shuffles_(options.order == thread_order::shuffled),
        random_(options.seed),
        threads_(b.size.count()),
        order_(threads_.size()) {
    const u64 words = (k.saved_bytes + sizeof(u64) - 1) / sizeof(u64);
    saved_.resize(words * threads_.size());
    for (u32 i = 0; i < threads_.size(); ++i) {
      thread& t = threads_[i];
      t.index = {i % b.size.x, i / b.size.x % b.size.y, i / b.size.x / b.size.y};
      t.number = i;
      t.lane = i % kWarp;
      t.saved = saved_.data() + words * i;
    }
    std::iota(order_.begin(), order_.end(), 0u);
    if (options.order == thread_order::descending) std::ranges::reverse(order_);
  }

  /// Runs the block that `block_` is at.
  void run_block() {
    for (thread& t : threads_) {
      t.state = thread_state::running;
      t.resume = 0;
    }
    while (true) {
      if (shuffles_) std::ranges::shuffle(order_, random_);
      for (const u32 i : order_) {
        if (threads_[i].state == thread_state::running) run_(threads_[i], block_);
      }
      if (release_warps()) continue;
      const auto finished = std::ranges::count(threads_, thread_state::finished, &thread::state);
      if (static_cast<u64>(finished) == threads_.size()) return;
      pass_barrier(finished != 0);
    }
  }

 private:
  std::span<thread> warp(u64 first) {
    return std::span(threads_).subspan(first, std::min<u64>(kWarp, threads_.size() - first));
  }

  /// Lets warps go on whose members have all arrived; whether there was one.
  bool release_warps() {
    bool any = false;
    for (u64 first = 0; first < threads_.size(); first += kWarp) {
      const auto lanes = warp(first);
      for (thread& t : lanes) {
        if (t.state == thread_state::in_warp && has_arrived(lanes, t)) {
          answer(lanes, t);
          any = true;
          break;  // the lanes of the other members were answered too; another group waits for the
                  // next round
        }
      }
    }
    return any;
  }

  /// Whether all lanes that `t` waits for wait for it.
  bool has_arrived(std::span<thread> lanes, const thread& t) {
    if ((t.members >> t.lane & 1) == 0)
      block_.fail(t, t.line, "is no member of the lanes that it names");
    for (u32 lane = 0; lane < kWarp; ++lane) {
      if ((t.members >> lane & 1) == 0) continue;
      // A full mask may name lanes beyond the end of the block; they do not exist.
      if (lane >= lanes.size()) continue;
      const thread& other = lanes[lane];
      if (other.state == thread_state::finished) {
        block_.fail(t, t.line, fmt::format("waits for lane {}, which has ended", lane));
      }
      if (other.state == thread_state::at_barrier) {
        block_.fail(
            t, t.line,
            fmt::format("waits for lane {}, which is at the barrier of line {}", lane, other.line));
      }
      if (other.line != t.line || other.members != t.members) {
        block_.fail(t, t.line,
                    fmt::format("waits for lane {}, which exchanges at line {}", lane, other.line));
      }
    }
    return true;
  }

  void answer(std::span<thread> lanes, const thread& asking) {
    const u32 members = asking.members;
    u32 ballot = 0;
    for (const thread& t : lanes) {
      if ((members >> t.lane & 1) != 0 && t.predicate) ballot |= 1u << t.lane;
    }
    for (thread& t : lanes) {
      if ((members >> t.lane & 1) == 0) continue;
      if (t.request == warp_request::vote) {
        const u32 present = lanes.size() == kWarp ? members : members & ((1u << lanes.size()) - 1);
        t.answer = t.voted == vote_mode::ballot
                       ? ballot
                       : u32{t.voted == vote_mode::any ? ballot != 0 : ballot == present};
      } else if (t.request == warp_request::shuffle) {
        answer_shuffle(lanes, t);
      }
    }
    for (thread& t : lanes) {
      if ((members >> t.lane & 1) != 0) t.state = thread_state::running;
    }
  }

  /// Section 9.7.9.6 of the PTX ISA: the clamp's low five bits bound the lane, its bits 8 to 12 cut
  /// the warp in segments.
  void answer_shuffle(std::span<thread> lanes, thread& t) {
    const u32 segment = t.clamp >> 8 & 31;
    const u32 bound = t.clamp & 31;
    const u32 highest = (t.lane & segment) | (bound & ~segment & 31);
    const u32 lowest = t.lane & segment;
    const u32 b = t.source & 31;
    s32 from = 0;
    switch (t.shuffled) {
      case shuffle_mode::up:
        from = static_cast<s32>(t.lane) - static_cast<s32>(b);
        t.is_in_range = from >= static_cast<s32>(highest);
        break;
      case shuffle_mode::down:
        from = static_cast<s32>(t.lane + b);
        t.is_in_range = from <= static_cast<s32>(highest);
        break;
      case shuffle_mode::butterfly:
        from = static_cast<s32>(t.lane ^ b);
        t.is_in_range = from <= static_cast<s32>(highest);
        break;
      case shuffle_mode::index:
        from = static_cast<s32>(lowest | (b & ~segment & 31));
        t.is_in_range = from <= static_cast<s32>(highest);
        break;
    }
    if (!t.is_in_range) from = static_cast<s32>(t.lane);
    const auto lane = static_cast<u32>(from);
    if ((t.members >> lane & 1) == 0 || lane >= lanes.size()) {
      block_.fail(t, t.line, fmt::format("reads lane {}, which does not take part", lane));
    }
    t.answer = lanes[lane].value;
  }

  void pass_barrier(bool has_finished) {
    const thread* first = nullptr;
    u32 true_ones = 0;
    for (const thread& t : threads_) {
      if (t.state != thread_state::at_barrier) continue;
      if (first == nullptr) first = &t;
      if (t.line != first->line) {
        block_.fail(t, t.line,
                    fmt::format("waits at this barrier while thread {} waits at line {}",
                                first->number, first->line));
      }
      true_ones += u32{t.predicate};
    }
    if (has_finished)
      block_.fail(*first, first->line, "waits at a barrier that threads which ended do not reach");
    for (thread& t : threads_) {
      t.answer = t.barrier == barrier_mode::all   ? u32{true_ones == threads_.size()}
                 : t.barrier == barrier_mode::any ? u32{true_ones != 0}
                                                  : true_ones;
      t.state = thread_state::running;
    }
    block_.pass_barrier();
  }

  block& block_;
  thread_function run_;
  bool shuffles_;
  std::mt19937_64 random_;
  std::vector<thread> threads_;
  std::vector<u32> order_;
  std::vector<u64> saved_;
};

void require(bool holds, const kernel& k, const std::string& what) {
  if (!holds) throw std::invalid_argument(fmt::format("{}: {}", k.name, what));
}

}  // namespace

void run(const kernel& k, extent grid, extent block_size, std::span<const std::byte> parameters,
         memory& global, const launch_options& options) {
  require(block_size.count() >= 1 && block_size.count() <= k.max_threads && block_size.z <= 64, k,
          fmt::format("a block has 1 to {} threads, not {} x {} x {}", k.max_threads, block_size.x,
                      block_size.y, block_size.z));
  require(grid.count() >= 1 && grid.x <= 0x7fffffff && grid.y <= 0xffff && grid.z <= 0xffff, k,
          fmt::format("a grid has 1 to 2^31 - 1 by 65535 by 65535 blocks, not {} x {} x {}", grid.x,
                      grid.y, grid.z));
  require(options.first_block < grid.x, k,
          fmt::format("there is no block {} in {}", options.first_block, grid.x));
  require(
      parameters.size() == k.parameter_bytes, k,
      fmt::format("it takes {} bytes of parameters, not {}", k.parameter_bytes, parameters.size()));
  require(options.dynamic_shared_bytes == 0 || k.has_dynamic_shared, k,
          "it has no dynamic shared memory");
  block b(k, grid, block_size, parameters, options.dynamic_shared_bytes, global,
          options.hashed_sums);
  scheduler threads(k, b, options);
  for (u32 z = 0; z < grid.z; ++z) {
    for (u32 y = 0; y < grid.y; ++y) {
      for (u32 x = options.first_block; x < grid.x; ++x) {
        b.begin({x, y, z});
        threads.run_block();
      }
    }
  }
}

}  // namespace pamkit::ptx
