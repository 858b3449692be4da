#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "pamkit/ptx/types.hpp"

/// What the instructions of PTX compute, section 9 of NVIDIA's "Parallel Thread Execution" (PTX
/// ISA 9.0). Registers are unsigned integers of their width; shifts and conversions that C++ leaves
/// undefined are defined there.

namespace pamkit::ptx {

/// The value of a register as an operation of another type of at most its width reads it.
template <class To, class From>
inline To to(From bits) {
  if constexpr (std::is_same_v<To, float>) {
    static_assert(sizeof(From) == sizeof(float));
    return std::bit_cast<float>(bits);
  } else {
    static_assert(sizeof(To) <= sizeof(From));
    return static_cast<To>(bits);
  }
}

/// Puts a result into a register. A wider register takes the sign extension of signed values and
/// zeros above unsigned ones.
template <class Register, class Value>
inline void put(Register& r, Value value) {
  if constexpr (std::is_same_v<Value, float>) {
    static_assert(sizeof(Register) == sizeof(float));
    r = std::bit_cast<u32>(value);
  } else {
    static_assert(sizeof(Value) <= sizeof(Register));
    r = static_cast<Register>(value);
  }
}

/// Results of floating-point arithmetic that are NaN are this one (section 9.7.3).
inline float canonical(float x) { return x != x ? std::bit_cast<float>(u32{0x7fffffff}) : x; }

/// add.rn.f32.
inline float sum(float a, float b) { return canonical(a + b); }

inline bool are_ordered(float a, float b) { return a == a && b == b; }

// --- Integers

template <class T>
using unsigned_of = std::make_unsigned_t<T>;

/// The low half; the same for both signs.
template <class T>
inline unsigned_of<T> multiply_low(T a, T b) {
  return static_cast<unsigned_of<T>>(static_cast<u64>(a) * static_cast<u64>(b));
}

template <class T>
inline auto multiply_wide(T a, T b) {
  if constexpr (sizeof(T) == 2) {
    using wide = std::conditional_t<std::is_signed_v<T>, s32, u32>;
    return static_cast<wide>(wide{a} * wide{b});
  } else {
    static_assert(sizeof(T) == 4);
    using wide = std::conditional_t<std::is_signed_v<T>, s64, u64>;
    return static_cast<wide>(wide{a} * wide{b});
  }
}

template <class T>
inline unsigned_of<T> multiply_high(T a, T b) {
  __extension__ using signed_wide = __int128;
  __extension__ using unsigned_wide = unsigned __int128;
  using wide = std::conditional_t<std::is_signed_v<T>, signed_wide, unsigned_wide>;
  return static_cast<unsigned_of<T>>((static_cast<wide>(a) * static_cast<wide>(b)) >>
                                     (8 * sizeof(T)));
}

/// By 0: all ones. The lowest integer by -1: itself.
template <class T>
inline T quotient(T a, T b) {
  if (b == 0) return static_cast<T>(~T{0});
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return static_cast<T>(0 - static_cast<unsigned_of<T>>(a));
  }
  return static_cast<T>(a / b);
}

/// By 0: the dividend.
template <class T>
inline T remainder(T a, T b) {
  if (b == 0) return a;
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return 0;
  }
  return static_cast<T>(a % b);
}

template <class T>
inline unsigned_of<T> absolute(T a) {
  const auto bits = static_cast<unsigned_of<T>>(a);
  return a < 0 ? static_cast<unsigned_of<T>>(0 - bits) : bits;
}

/// Of floats: the one that is a number; -0 is less than +0.
template <class T>
inline T minimum(T a, T b) {
  if constexpr (std::is_same_v<T, float>) {
    if (a != a) return canonical(b);
    if (b != b) return a;
    if (a == b) return std::bit_cast<float>(std::bit_cast<u32>(a) | std::bit_cast<u32>(b));
  }
  return a < b ? a : b;
}

template <class T>
inline T maximum(T a, T b) {
  if constexpr (std::is_same_v<T, float>) {
    if (a != a) return canonical(b);
    if (b != b) return a;
    if (a == b) return std::bit_cast<float>(std::bit_cast<u32>(a) & std::bit_cast<u32>(b));
  }
  return a < b ? b : a;
}

inline float minimum_or_nan(float a, float b) {
  return are_ordered(a, b) ? minimum(a, b) : canonical(std::numeric_limits<float>::quiet_NaN());
}

inline float maximum_or_nan(float a, float b) {
  return are_ordered(a, b) ? maximum(a, b) : canonical(std::numeric_limits<float>::quiet_NaN());
}

// --- Bits

/// Counts beyond the width leave nothing.
template <class T>
inline T shift_left(T a, u32 count) {
  return count >= 8 * sizeof(T) ? T{0} : static_cast<T>(static_cast<u64>(a) << count);
}

/// Counts beyond the width leave the sign of a signed number, and nothing of others.
template <class T>
inline T shift_right(T a, u32 count) {
  constexpr u32 kLast = 8 * sizeof(T) - 1;
  if (count > kLast) return std::is_signed_v<T> ? static_cast<T>(a >> kLast) : T{0};
  return static_cast<T>(a >> count);
}

/// The upper word of high:low shifted left by count <= 32.
inline u32 funnel_left(u32 low, u32 high, u32 count) {
  return static_cast<u32>(((u64{high} << 32 | low) << count) >> 32);
}

/// The lower word of high:low shifted right by count <= 32.
inline u32 funnel_right(u32 low, u32 high, u32 count) {
  return static_cast<u32>((u64{high} << 32 | low) >> count);
}

/// Bit i of the result is bit (a_i b_i c_i) of the table.
inline u32 lookup(u32 a, u32 b, u32 c, u32 table) {
  u32 result = 0;
  for (u32 row = 0; row < 8; ++row) {
    if ((table >> row & 1) == 0) continue;
    result |= ((row & 4) != 0 ? a : ~a) & ((row & 2) != 0 ? b : ~b) & ((row & 1) != 0 ? c : ~c);
  }
  return result;
}

/// bfe: `length` bits of a from `start` on; a signed field is extended with its upper bit, which is
/// a's sign where the field reaches beyond a.
template <class T>
inline T extract(T a, u32 start, u32 length) {
  constexpr u32 kWidth = 8 * sizeof(T);
  start &= 0xff;
  length &= 0xff;
  if (length == 0) return 0;
  const u32 top = std::min(start + length - 1, kWidth - 1);
  if (start >= kWidth) return std::is_signed_v<T> && a < 0 ? static_cast<T>(-1) : T{0};
  const auto raised = static_cast<T>(static_cast<unsigned_of<T>>(a) << (kWidth - 1 - top));
  return static_cast<T>(raised >> (kWidth - 1 - top + start));
}

/// bfi: b with `length` bits of a put at `start`.
template <class T>
inline T insert(T a, T b, u32 start, u32 length) {
  start &= 0xff;
  length &= 0xff;
  const T field =
      length >= 8 * sizeof(T) ? static_cast<T>(~T{0}) : static_cast<T>((T{1} << length) - 1);
  const T mask = shift_left(field, start);
  return static_cast<T>((b & ~mask) | (shift_left(a, start) & mask));
}

/// prmt without a mode: nibble i of the selector picks byte i out of b:a, or with bit 3 that byte's
/// sign.
inline u32 permute(u32 a, u32 b, u32 selector) {
  const u64 bytes = u64{b} << 32 | a;
  u32 result = 0;
  for (u32 i = 0; i < 4; ++i) {
    const u32 nibble = selector >> (4 * i) & 0xf;
    u32 byte = static_cast<u32>(bytes >> (8 * (nibble & 7))) & 0xff;
    if ((nibble & 8) != 0) byte = (byte & 0x80) != 0 ? 0xff : 0;
    result |= byte << (8 * i);
  }
  return result;
}

template <class T>
inline T reversed(T a) {
  T result = 0;
  for (u32 i = 0; i < 8 * sizeof(T); ++i) result = static_cast<T>(result << 1 | (a >> i & 1));
  return result;
}

// --- Conversions

inline float round_nearest(float x) { return std::nearbyint(x); }
inline float round_zero(float x) { return std::trunc(x); }
inline float round_down(float x) { return std::floor(x); }
inline float round_up(float x) { return std::ceil(x); }

/// Of a rounded number: clamped to the range; a NaN is 0, for 64-bit results the highest bit alone.
template <class T>
inline T to_integer(float x) {
  if (x != x) return sizeof(T) == 8 ? static_cast<T>(u64{1} << 63) : T{0};
  // -2^31, 2^31 and their like are floats; the range's end 2^31 - 1 is not, so the comparison is
  // with 2^31.
  const float end = -2 * static_cast<float>(std::numeric_limits<std::make_signed_t<T>>::min());
  const float limit = std::is_signed_v<T> ? end / 2 : end;
  if (x >= limit) return std::numeric_limits<T>::max();
  if (x <= (std::is_signed_v<T> ? -limit : 0)) return std::numeric_limits<T>::min();
  return static_cast<T>(x);
}

}  // namespace pamkit::ptx
