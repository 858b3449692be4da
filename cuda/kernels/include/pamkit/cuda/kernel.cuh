#pragma once

#include <bit>
#include <cstdint>

#include "pamkit/format/encoding.hpp"

/// What every kernel of this folder is written in. A kernel is a struct with
///
///   parameters     what one launch is given, by value: trivially copyable, at most 4 KiB
///   shared_memory  what the threads of a block share; it starts without a value
///   threads        threads of a block, a multiple of 32
///   run(thread, shared, parameters)  what one thread does
///
/// and knows nothing of who runs it. `thread` is a `device_thread` on a GPU (device_thread.cuh),
/// and on the host one fiber or one thread of the operating system (pamkit/cuda/block.hpp). All of
/// them have
///
///   index()               of the thread in its block, from 0
///   block()               of the block in the grid, which has one dimension
///   barrier()             all threads of the block have come here, and see what was written
///                         before it. Every thread of the block calls it, or none
///   any_of_block(b)       a barrier that tells whether b holds for a thread of the block
///   from_lane_xor(w, d)   the w of the lane whose number differs from this one's in the bits of
///                         d; the 32 lanes of a warp call it together
///
/// and nothing else: this, the machine's three operations below and detail::add are all that host
/// and device do not share.

#if defined(__CUDACC__)
#define PAMKIT_DEVICE __device__ __forceinline__
#define PAMKIT_UNROLL _Pragma("unroll")
#define PAMKIT_ROLLED _Pragma("unroll 1")
#define PAMKIT_PRAGMA(text) _Pragma(#text)
#define PAMKIT_UNROLL_BY(count) PAMKIT_PRAGMA(unroll count)
#else
#define PAMKIT_DEVICE inline
#define PAMKIT_UNROLL
#define PAMKIT_ROLLED
#define PAMKIT_UNROLL_BY(count)
#endif

namespace pamkit::cuda {

using word = encoding<binary32>;

inline constexpr int kWarp = 32;

/// a + b as the machine adds: what detail::add does, without making a NaN canonical. For sums whose
/// last step does that.
PAMKIT_DEVICE word add_once(word a, word b) {
#if defined(__CUDA_ARCH__)
  return {__float_as_uint(__fadd_rn(__uint_as_float(a.bits), __uint_as_float(b.bits)))};
#else
  return {
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(a.bits) + std::bit_cast<float>(b.bits))};
#endif
}

/// a - b, likewise.
PAMKIT_DEVICE word subtract_once(word a, word b) {
#if defined(__CUDA_ARCH__)
  return {__float_as_uint(__fsub_rn(__uint_as_float(a.bits), __uint_as_float(b.bits)))};
#else
  return {
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(a.bits) - std::bit_cast<float>(b.bits))};
#endif
}

/// a * b, likewise: for arithmetics that multiply by definition.
PAMKIT_DEVICE word multiply_once(word a, word b) {
#if defined(__CUDA_ARCH__)
  return {__float_as_uint(__fmul_rn(__uint_as_float(a.bits), __uint_as_float(b.bits)))};
#else
  return {
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(a.bits) * std::bit_cast<float>(b.bits))};
#endif
}

/// The canonical NaN for any NaN, else x.
PAMKIT_DEVICE word canonical_word(word x) { return is_nan(x) ? canonical_nan<binary32>() : x; }

}  // namespace pamkit::cuda
