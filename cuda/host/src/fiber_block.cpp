#include "pamkit/cuda/fiber_block.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "fiber.hpp"

namespace pamkit::cuda {

namespace {

// Frames of kernels are small; sanitizers make them several times larger.
constexpr std::size_t kStack = std::size_t{1} << 18;

struct starting_point {
  fiber_block* block = nullptr;
  int index = 0;
};

}  // namespace

/// The stacks of one thread of the operating system, kept from block to block.
struct fiber_block::fibers {
  std::vector<fiber> all;
  std::vector<waiting> states;
  std::vector<starting_point> starts;
  std::vector<std::unique_ptr<std::byte[]>> stacks;
  fiber scheduler;

  void require(std::size_t count) {
    while (stacks.size() < count) {
      stacks.push_back(std::make_unique_for_overwrite<std::byte[]>(kStack));
      all.push_back({.stack = stacks.back().get(), .size = kStack});
    }
    states.assign(count, {});
    starts.resize(count);
  }
};

void fiber_block::enter(fiber_block& self, int index) {
  self.function_(self.body_, thread(self, index));
  self.fibers_->states[static_cast<std::size_t>(index)] = {.kind = wait_kind::done};
  switch_fiber(self.fibers_->all[static_cast<std::size_t>(index)], self.fibers_->scheduler, true);
}

std::uint32_t fiber_block::wait(int index, const waiting& what) {
  const auto i = static_cast<std::size_t>(index);
  fibers_->states[i] = what;
  switch_fiber(fibers_->all[i], fibers_->scheduler);
  return fibers_->states[i].word;
}

// The lanes of a warp that all exchange words go on.
bool fiber_block::release_warp(std::span<waiting> warp) {
  const auto exchanges = std::ranges::count(warp, wait_kind::exchange, &waiting::kind);
  if (exchanges == 0) return false;
  const bool is_uniform = std::ranges::all_of(warp, [&](const waiting& w) {
    return w.kind == wait_kind::exchange && w.distance == warp.front().distance;
  });
  if (!is_uniform) return false;
  std::uint32_t words[kWarp];
  for (int lane = 0; lane < kWarp; ++lane) words[lane] = warp[static_cast<std::size_t>(lane)].word;
  for (int lane = 0; lane < kWarp; ++lane) {
    waiting& w = warp[static_cast<std::size_t>(lane)];
    w = {.kind = wait_kind::none, .word = words[lane ^ w.distance]};
  }
  return true;
}

// All threads are at the same barrier, or something is wrong.
void fiber_block::release_block(std::span<waiting> all) {
  const wait_kind kind = all.front().kind;
  const bool is_uniform =
      std::ranges::all_of(all, [&](const waiting& w) { return w.kind == kind; });
  if (!is_uniform || kind == wait_kind::exchange) {
    const auto ended = std::ranges::count(all, wait_kind::done, &waiting::kind);
    throw std::logic_error("block " + std::to_string(block_) +
                           ": threads wait for others that do not come (" + std::to_string(ended) +
                           " of " + std::to_string(all.size()) + " have ended)");
  }
  const bool any = std::ranges::any_of(all, [](const waiting& w) { return w.word != 0; });
  std::ranges::fill(all, waiting{.kind = wait_kind::none, .word = any ? 1U : 0U});
}

void fiber_block::run_all(body_function function, const void* body) {
  thread_local fibers mine;
  const auto count = static_cast<std::size_t>(threads_);
  mine.require(count);
  fibers_ = &mine;
  function_ = function;
  body_ = body;
  for (std::size_t i = 0; i < count; ++i) {
    mine.starts[i] = {this, static_cast<int>(i)};
    prepare(
        mine.all[i],
        [](void* start) {
          const starting_point& s = *static_cast<const starting_point*>(start);
          entered(s.block->fibers_->scheduler);
          enter(*s.block, s.index);
        },
        &mine.starts[i]);
  }
  const std::span<waiting> states(mine.states);
  for (;;) {
    // Odd blocks run from the last thread to the first, so that an order that happens to be right
    // is not the only one.
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t i = block_ % 2 == 0 ? k : count - 1 - k;
      if (states[i].kind == wait_kind::none) switch_fiber(mine.scheduler, mine.all[i]);
    }
    bool goes_on = false;
    for (std::size_t first = 0; first < count; first += kWarp) {
      goes_on |= release_warp(states.subspan(first, kWarp));
    }
    if (goes_on) continue;
    if (std::ranges::all_of(states, [](const waiting& w) { return w.kind == wait_kind::done; })) {
      return;
    }
    release_block(states);
  }
}

}  // namespace pamkit::cuda
