#pragma once

#include "number.hpp"

/// Loops over columns, compiled for the instruction sets that a machine may have.
namespace pamkit::reference {
namespace {

#if defined(__x86_64__)
#define PAMKIT_HAS_AVX2_COLUMNS 1
#else
#define PAMKIT_HAS_AVX2_COLUMNS 0
#endif

// A column of one word: sweeps over pairs hold their first operand still.
PAMKIT_LANE bool is_constant(const std::uint32_t* a, std::size_t count) {
  if (count == 0 || a[0] != a[count - 1]) return false;
  std::uint32_t difference = 0;
  for (std::size_t i = 0; i < count; ++i) difference |= a[i] ^ a[0];
  return difference == 0;
}

// The case is copied, so that storing a result cannot change it. What it makes of a constant first
// operand leaves the loop.
template <class Case>
PAMKIT_LANE void each(Case of, const std::uint32_t* __restrict a, const std::uint32_t* __restrict b,
                      std::uint32_t* __restrict out, std::size_t count) {
  if (is_constant(a, count)) {
    const std::uint32_t first = a[0];
    for (std::size_t i = 0; i < count; ++i) out[i] = of(first, b[i]);
  } else {
    for (std::size_t i = 0; i < count; ++i) out[i] = of(a[i], b[i]);
  }
}

/// The least and the largest admissible result.
struct bounds {
  std::uint32_t lowest;
  std::uint32_t highest;
};

template <class Case>
PAMKIT_LANE void each(Case of, const std::uint32_t* __restrict a, std::uint32_t* __restrict lowest,
                      std::uint32_t* __restrict highest, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const bounds result = of(a[i]);
    lowest[i] = result.lowest;
    highest[i] = result.highest;
  }
}

template <class Case, class... Column>
void each_plain(const Case& of, std::size_t count, Column*... columns) {
  each(of, columns..., count);
}

#if PAMKIT_HAS_AVX2_COLUMNS
template <class Case, class... Column>
[[gnu::target("avx2")]] void each_avx2(const Case& of, std::size_t count, Column*... columns) {
  each(of, columns..., count);
}
#endif

template <class Case, class... Column>
void on_this_machine(const Case& of, std::size_t count, Column*... columns) {
#if PAMKIT_HAS_AVX2_COLUMNS
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2) return each_avx2(of, count, columns...);
#endif
  each_plain(of, count, columns...);
}

/// out[i] = of(a[i], b[i]); `out` is neither `a` nor `b`. The same bits on every machine.
template <class Case>
void for_columns(const Case& of, const std::uint32_t* a, const std::uint32_t* b,
                 std::uint32_t* out, std::size_t count) {
  on_this_machine(of, count, a, b, out);
}

/// {lowest[i], highest[i]} = of(a[i]), likewise.
template <class Case>
void for_bounds(const Case& of, const std::uint32_t* a, std::uint32_t* lowest,
                 std::uint32_t* highest, std::size_t count) {
  on_this_machine(of, count, a, lowest, highest);
}

/// Calls f with an integer wide enough for sums of two ordinals of the format.
template <class Function>
void with_integer(const format_description& format, const Function& f) {
  if (format.storage_bits <= 16) {
    f(std::int32_t{});
  } else {
    f(std::int64_t{});
  }
}

/// with_integer, and whether the rules flush, as a type.
template <class Function>
void with_model(const rules& r, const Function& f) {
  with_integer(r.format, [&]<class Integer>(Integer integer) {
    if (r.subnormals == subnormal_policy::flush) {
      f(integer, std::true_type{});
    } else {
      f(integer, std::false_type{});
    }
  });
}

}  // namespace
}  // namespace pamkit::reference
