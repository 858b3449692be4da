#pragma once

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "pamkit/ptx/kernel.hpp"
#include "pamkit/ptx/memory.hpp"
#include "pamkit/ptx/operations.hpp"
#include "pamkit/ptx/thread.hpp"

namespace pamkit::ptx {

/// Where shared memory begins in the generic address space.
inline constexpr u64 kSharedWindow = u64{1} << 62;

/// One block of a launch while it runs: its place in the grid, its shared memory, and the way to
/// everything else.
class block {
 public:
  block(const kernel& k, extent grid_size, extent block_size, std::span<const std::byte> parameters,
        u32 dynamic_shared, memory& global, bool hashes_sums);

  extent size;
  extent index;
  extent grid;

  /// Makes it the block at `at`, with undefined shared memory.
  void begin(extent at);

  /// All threads have met at a barrier.
  void pass_barrier() { now_.epoch = global_.next_epoch(); }

  /// add.rn.f32 and, with b negated, sub.rn.f32; hashed_sum.hpp tells what may take its place.
  float add(float a, float b) const {
    if (hashes_sums_) [[unlikely]]
      return hashed(a, b);
    return sum(a, b);
  }

  void finish(thread& t) { t.state = thread_state::finished; }

  [[noreturn]] void trap(const thread& t, u32 line) const { fail(t, line, "executes trap"); }

  /// Throws a fault that names kernel, block, thread and line.
  [[noreturn]] void fail(const thread& t, u32 line, const std::string& what) const;

  /// N values of type T at `offset` of the parameters.
  template <class T, u32 N>
  std::array<T, N> parameter(u64 offset, u32 line) const {
    std::array<T, N> values;
    if (offset > parameters_.size() || sizeof values > parameters_.size() - offset)
      fail_parameter(offset, line);
    std::memcpy(values.data(), parameters_.data() + offset, sizeof values);
    return values;
  }

  template <class T, u32 N>
  std::array<T, N> load_shared(const thread& t, u32 address, u32 line) {
    std::array<T, N> values;
    check_shared(t, address, sizeof values, "load from", line);
    now_.thread = t.number;
    for (u64 i = granules_.of(address); i < granules_.from(address + sizeof values); ++i) {
      if (shared_touches_[i].write_epoch < now_.block_start) {
        fail_shared(t, address, "load from", "reads what the block has not written", line);
      }
      const char* const wrong = record_read(shared_touches_[i], shared_moment());
      if (*wrong != 0) fail_shared(t, address, "load from", wrong, line);
    }
    std::memcpy(values.data(), shared_.data() + address, sizeof values);
    return values;
  }

  template <class T, u32 N>
  void store_shared(const thread& t, u32 address, const std::array<T, N>& values, u32 line) {
    check_shared(t, address, sizeof values, "store to", line);
    now_.thread = t.number;
    for (u64 i = granules_.of(address); i < granules_.from(address + sizeof values); ++i) {
      const char* const wrong = record_write(shared_touches_[i], shared_moment());
      if (*wrong != 0) fail_shared(t, address, "store to", wrong, line);
    }
    std::memcpy(shared_.data() + address, values.data(), sizeof values);
  }

  template <class T, u32 N>
  std::array<T, N> load_global(const thread& t, u64 address, u32 line) {
    std::array<T, N> values;
    region& r = check_global(t, address, sizeof values, "load from", line);
    const u64 offset = address - r.address;
    if (r.allowed == access::read_write) {
      now_.thread = t.number;
      for (u64 i = r.granules.of(offset); i < r.granules.from(offset + sizeof values); ++i) {
        if (r.initial == contents::undefined && r.touches[i].write_epoch == 0) {
          fail_global(t, address, "load from", "reads what was never written", line);
        }
        const char* const wrong = record_read(r.touches[i], now_);
        if (*wrong != 0) fail_global(t, address, "load from", wrong, line);
      }
    }
    std::memcpy(values.data(), r.bytes.data() + offset, sizeof values);
    return values;
  }

  template <class T, u32 N>
  void store_global(const thread& t, u64 address, const std::array<T, N>& values, u32 line) {
    region& r = check_global(t, address, sizeof values, "store to", line);
    if (r.allowed == access::read_only)
      fail_global(t, address, "store to", "writes to an operand", line);
    const u64 offset = address - r.address;
    now_.thread = t.number;
    for (u64 i = r.granules.of(offset); i < r.granules.from(offset + sizeof values); ++i) {
      const char* const wrong = record_write(r.touches[i], now_);
      if (*wrong != 0) fail_global(t, address, "store to", wrong, line);
    }
    std::memcpy(r.bytes.data() + offset, values.data(), sizeof values);
  }

  template <class T, u32 N>
  std::array<T, N> load_generic(const thread& t, u64 address, u32 line) {
    if (address < kSharedWindow) return load_global<T, N>(t, address, line);
    return load_shared<T, N>(t, static_cast<u32>(address - kSharedWindow), line);
  }

  template <class T, u32 N>
  void store_generic(const thread& t, u64 address, const std::array<T, N>& values, u32 line) {
    if (address < kSharedWindow) return store_global<T, N>(t, address, values, line);
    store_shared<T, N>(t, static_cast<u32>(address - kSharedWindow), values, line);
  }

 private:
  /// Shared memory is new in every block: nothing from before can conflict.
  moment shared_moment() const {
    return {now_.thread, now_.epoch, now_.block_start, now_.block_start};
  }

  void check_shared(const thread& t, u32 address, u64 bytes, const char* how, u32 line) const {
    if (address > shared_.size() || bytes > shared_.size() - address) {
      fail_shared(t, address, how, "is out of bounds", line);
    }
    if (address % bytes != 0) fail_shared(t, address, how, "is misaligned", line);
  }

  region& check_global(const thread& t, u64 address, u64 bytes, const char* how, u32 line) {
    region* const r = global_.find(address, bytes);
    if (r == nullptr) fail_global(t, address, how, "is out of bounds", line);
    if (address % bytes != 0) fail_global(t, address, how, "is misaligned", line);
    return *r;
  }

  static float hashed(float a, float b);
  [[noreturn]] void fail_parameter(u64 offset, u32 line) const;
  [[noreturn]] void fail_shared(const thread& t, u32 address, const char* how, const char* wrong,
                                u32 line) const;
  [[noreturn]] void fail_global(const thread& t, u64 address, const char* how, const char* wrong,
                                u32 line) const;

  const kernel& kernel_;
  std::span<const std::byte> parameters_;
  std::vector<std::byte> shared_;
  granularity granules_;  // of shared memory
  std::vector<touch> shared_touches_;
  memory& global_;
  bool hashes_sums_;
  moment now_;
};

}  // namespace pamkit::ptx
