#pragma once

#include <cstddef>

namespace pamkit::cuda {

/// A stack that waits. Both functions below belong to one thread of the operating system.
struct fiber {
  void* stack_pointer = nullptr;
  std::byte* stack = nullptr;  ///< its lowest byte
  std::size_t size = 0;
  void* fake_stack = nullptr;  ///< of AddressSanitizer
};

/// Prepares `f`, which owns a stack, to call entry(argument) when it is first switched to. `entry`
/// never returns: it switches away for good.
void prepare(fiber& f, void (*entry)(void*), void* argument);

/// Saves the caller in `from` and goes on in `to`; returns when somebody switches back to `from`.
/// With `for_good` nobody ever does.
void switch_fiber(fiber& from, fiber& to, bool for_good = false);

/// To be called first in an entry: where it was called from is `caller`.
void entered(fiber& caller);

}  // namespace pamkit::cuda
