#pragma once

#include "pamkit/ptx/types.hpp"

namespace pamkit::ptx {

enum class thread_state : u8 { running, at_barrier, in_warp, finished };
enum class barrier_mode : u8 { plain, all, any, count };
enum class shuffle_mode : u8 { up, down, butterfly, index };
enum class vote_mode : u8 { any, all, ballot };
enum class warp_request : u8 { wait, shuffle, vote };

/// One CUDA thread: who it is, where it goes on, and what it waits for.
struct thread {
  extent index;
  u32 number = 0;  ///< in its block
  u32 lane = 0;
  thread_state state = thread_state::running;
  u32 resume = 0;         ///< where its function goes on; 0 is the start
  void* saved = nullptr;  ///< what is live while it waits

  // What it asked for; `line` is that of the PTX instruction.
  u32 line = 0;
  barrier_mode barrier = barrier_mode::plain;
  warp_request request = warp_request::wait;
  shuffle_mode shuffled = shuffle_mode::index;
  vote_mode voted = vote_mode::any;
  bool predicate = false;
  u32 value = 0;
  u32 source = 0;
  u32 clamp = 0;
  u32 members = 0;

  // What it got.
  u32 answer = 0;
  bool is_in_range = false;

  void wait_at_barrier(barrier_mode mode, bool p, u32 at) {
    state = thread_state::at_barrier;
    barrier = mode;
    predicate = p;
    line = at;
  }

  void wait_for_warp(u32 mask, u32 at) {
    state = thread_state::in_warp;
    request = warp_request::wait;
    members = mask;
    line = at;
  }

  void vote(vote_mode mode, bool p, u32 mask, u32 at) {
    wait_for_warp(mask, at);
    request = warp_request::vote;
    voted = mode;
    predicate = p;
  }

  void shuffle(shuffle_mode mode, u32 x, u32 lane_or_distance, u32 range, u32 mask, u32 at) {
    wait_for_warp(mask, at);
    request = warp_request::shuffle;
    shuffled = mode;
    value = x;
    source = lane_or_distance;
    clamp = range;
  }
};

}  // namespace pamkit::ptx
