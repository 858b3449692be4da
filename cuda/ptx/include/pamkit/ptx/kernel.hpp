#pragma once

#include <span>
#include <string_view>

#include "pamkit/ptx/types.hpp"

namespace pamkit::ptx {

struct thread;
class block;

/// Runs a thread until it ends or waits for others.
using thread_function = void (*)(thread&, block&);

/// A translated kernel.
struct kernel {
  std::string_view name;
  thread_function run;
  u64 saved_bytes;  ///< what a waiting thread keeps
  u32 max_threads;  ///< of a block, as __launch_bounds__ says
  u32 shared_bytes;
  bool has_dynamic_shared;
  u32 shared_granule;  ///< the smallest access to shared memory, in bytes, at most 4
  u32 stored_granule;  ///< the smallest store to global memory, likewise
  u32 parameter_bytes;
  u32 float_multiplications;  ///< instructions; 0 where it promises to have none
};

}  // namespace pamkit::ptx
