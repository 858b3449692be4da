#pragma once

#include <bit>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "pamkit/ptx/types.hpp"

/// Memory in which every access is checked: bounds, alignment, whether something was written there
/// before, and whether another thread may have touched it at the same time.

namespace pamkit::ptx {

/// A kernel did what it must not. The message says which kernel, block, thread and line of PTX, and
/// what.
class fault : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Who touched a granule of memory last. Epochs are the stretches between two barriers of a block;
/// they are counted through all blocks and launches, so that an epoch tells its block.
struct touch {
  static constexpr u32 kMany = 0xffffffff;

  u32 write_epoch = 0;  ///< 0: never
  u32 writer = 0;       ///< thread of its block
  u32 read_epoch = 0;
  u32 reader = 0;  ///< or kMany
};

/// Where a thread is in time.
struct moment {
  u32 thread = 0;
  u32 epoch = 1;
  u32 block_start = 1;   ///< first epoch of the block
  u32 launch_start = 1;  ///< first epoch whose accesses can conflict with the block's
};

/// What is wrong with an access, or nothing (an empty text). Records the access.
inline const char* record_write(touch& cell, const moment& now) {
  const char* wrong = "";
  if (cell.write_epoch >= now.launch_start) {
    if (cell.write_epoch < now.block_start) wrong = "races with a write of another block";
    if (cell.write_epoch == now.epoch && cell.writer != now.thread) {
      wrong = "races with a write of another thread in the same barrier interval";
    }
  }
  if (cell.read_epoch >= now.launch_start) {
    if (cell.read_epoch < now.block_start) wrong = "races with a read of another block";
    if (cell.read_epoch == now.epoch && cell.reader != now.thread) {
      wrong = "races with a read of another thread in the same barrier interval";
    }
  }
  cell.write_epoch = now.epoch;
  cell.writer = now.thread;
  return wrong;
}

inline const char* record_read(touch& cell, const moment& now) {
  const char* wrong = "";
  if (cell.write_epoch >= now.launch_start) {
    if (cell.write_epoch < now.block_start) wrong = "races with a write of another block";
    if (cell.write_epoch == now.epoch && cell.writer != now.thread) {
      wrong = "races with a write of another thread in the same barrier interval";
    }
  }
  // A read of another block stays on record: whoever writes later in this launch conflicts with it.
  const bool foreign = cell.read_epoch >= now.launch_start && cell.read_epoch < now.block_start;
  if (cell.read_epoch != now.epoch && !foreign) {
    cell.read_epoch = now.epoch;
    cell.reader = now.thread;
  } else if (cell.reader != now.thread) {
    cell.reader = touch::kMany;
  }
  return wrong;
}

/// Memory in granules: the bytes whose accesses are told apart, 1, 2, 4 or 8. Accesses divide by the
/// size, which is a shift.
class granularity {
 public:
  explicit granularity(u32 bytes) : shift_(std::countr_zero(bytes)) {}

  /// The granule that holds the byte at `offset`.
  u64 of(u64 offset) const { return offset >> shift_; }
  /// The first granule that begins at `offset` or behind it.
  u64 from(u64 offset) const { return of(offset + offset_of(1) - 1); }
  u64 offset_of(u64 granule) const { return granule << shift_; }

 private:
  int shift_;
};

enum class access : u8 { read_only, read_write };
enum class contents : u8 { defined, undefined };

/// A buffer of the device.
struct region {
  u64 address = 0;
  std::span<std::byte> bytes;
  access allowed = access::read_only;
  contents initial = contents::defined;
  granularity granules{4};     ///< of the size of an element
  std::vector<touch> touches;  ///< one for each granule; none where nothing is written
};

/// The global memory of a device.
class memory {
 public:
  /// Makes `bytes` reachable and returns the address of its first byte. The bytes have to stay
  /// where they are. `granule` is the size of an element: 1, 2, 4 or 8. Buffers lie a terabyte
  /// apart, so that no wrong index reaches another one.
  u64 map(std::span<std::byte> bytes, access allowed, contents initial, u32 granule);

  /// The same at the address that the bytes have in this program: for parameters that hold
  /// pointers. They may overlap others that are read only.
  void map_in_place(std::span<std::byte> bytes, access allowed, contents initial, u32 granule);

  /// The buffer that holds `bytes` bytes at an address; nothing if there is none.
  region* find(u64 address, u64 bytes) {
    for (region& r : regions_) {
      const u64 offset = address - r.address;
      if (offset < r.bytes.size() && bytes <= r.bytes.size() - offset) return &r;
    }
    return nullptr;
  }

  /// The buffer that begins or ends closest to an address; nothing if there is no buffer at all.
  const region* closest(u64 address) const;

  /// The first byte at or after `offset` of the region at `address` that no kernel wrote, or its
  /// size.
  u64 first_unwritten(u64 address, u64 offset = 0) const;

  /// The next epoch, counted through everything that runs on this memory.
  u32 next_epoch() { return ++epoch_; }

 private:
  std::vector<region> regions_;
  u32 epoch_ = 0;
};

}  // namespace pamkit::ptx
