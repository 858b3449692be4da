#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "pamkit/convert.hpp"

/// Elements of matrices in memory, and how those narrower than binary32 are widened: exactly, every
/// subnormal too.

namespace pamkit {

/// The formats that operands are stored in. Operands cut to binary32m are binary32.
enum class element_format : std::uint8_t { binary32, bfloat16, binary16, e5m2, e4m3 };

/// Bytes of one element.
PAMKIT_HD constexpr std::int64_t bytes_of(element_format format) {
  switch (format) {
    case element_format::bfloat16:
    case element_format::binary16:
      return 2;
    case element_format::e5m2:
    case element_format::e4m3:
      return 1;
    default:
      return 4;
  }
}

namespace detail {

/// widen() without branches: a NaN keeps its payload, which no sum of products does.
PAMKIT_HD constexpr std::uint32_t widen_bfloat16(std::uint16_t x) {
  return std::uint32_t{x} << 16;
}

/// A normal magnitude m has its fraction moved up by 13 and its exponent's bias raised by 127 - 15 =
/// 112; an infinity or NaN (m >= 0x7C00) once more, from exponent 31 + 112 to 255. A subnormal one is
/// m 2^-24: m converts exactly, and the exponent of what is not 0 falls by 24.
PAMKIT_HD constexpr std::uint32_t widen_binary16(std::uint16_t x) {
  constexpr std::uint32_t kRaise = 112U << 23;
  const std::uint32_t sign = (std::uint32_t{x} & 0x8000U) << 16;
  const std::int32_t m = x & 0x7FFF;
  const std::uint32_t moved = (static_cast<std::uint32_t>(m) << 13) + kRaise;
  const std::uint32_t special = m >= 0x7C00 ? kRaise : 0;
  const auto converted = std::bit_cast<std::uint32_t>(static_cast<float>(m));
  const std::uint32_t subnormal = m == 0 ? 0 : converted - (24U << 23);
  return sign | (m < 0x0400 ? subnormal : moved + special);
}

/// e5m2 is the upper half of binary16.
PAMKIT_HD constexpr std::uint32_t widen_e5m2(std::uint8_t x) {
  return widen_binary16(static_cast<std::uint16_t>(x << 8));
}

inline constexpr std::array<std::uint32_t, 256> kWidenedE4m3 = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t x = 0; x < table.size(); ++x) {
    table[x] = widen(encoding<e4m3>{static_cast<e4m3::storage>(x)}).bits;
  }
  return table;
}();

template <class Storage, class Widen>
void widen_each(const void* data, std::int64_t at, std::int64_t stride, std::int64_t count,
                float* out, std::int64_t out_stride, const Widen& widened) {
  const Storage* const from = static_cast<const Storage*>(data) + at;
  if (stride == 1 && out_stride == 1) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = std::bit_cast<float>(widened(from[i]));
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      out[i * out_stride] = std::bit_cast<float>(widened(from[i * stride]));
    }
  }
}

}  // namespace detail

/// Where element `at` of an array lies; `at` may be negative.
inline const void* element_address(element_format format, const void* data, std::int64_t at) {
  return static_cast<const std::byte*>(data) + at * bytes_of(format);
}

/// Element `at` of an array as a binary32 encoding.
PAMKIT_HD inline std::uint32_t load_element(element_format format, const void* data,
                                            std::int64_t at) {
  const auto* const words = static_cast<const std::uint16_t*>(data);
  const auto* const bytes = static_cast<const std::uint8_t*>(data);
  switch (format) {
    case element_format::bfloat16:
      return detail::widen_bfloat16(words[at]);
    case element_format::binary16:
      return detail::widen_binary16(words[at]);
    case element_format::e5m2:
      return detail::widen_e5m2(bytes[at]);
    case element_format::e4m3:
      return widen(encoding<e4m3>{bytes[at]}).bits;
    default:
      return std::bit_cast<std::uint32_t>(static_cast<const float*>(data)[at]);
  }
}

/// Writes `count` elements of an array, `stride` apart from element `at` on, to out[0],
/// out[out_stride], ...
inline void widen_elements(element_format format, const void* data, std::int64_t at,
                           std::int64_t stride, std::int64_t count, float* out,
                           std::int64_t out_stride) {
  const auto each = [&]<class Storage>(Storage, const auto& widened) {
    detail::widen_each<Storage>(data, at, stride, count, out, out_stride, widened);
  };
  switch (format) {
    case element_format::bfloat16:
      return each(std::uint16_t{}, [](std::uint16_t x) { return detail::widen_bfloat16(x); });
    case element_format::binary16:
      return each(std::uint16_t{}, [](std::uint16_t x) { return detail::widen_binary16(x); });
    case element_format::e5m2:
      return each(std::uint8_t{}, [](std::uint8_t x) { return detail::widen_e5m2(x); });
    case element_format::e4m3:
      return each(std::uint8_t{}, [](std::uint8_t x) { return detail::kWidenedE4m3[x]; });
    case element_format::binary32:
      return each(float{}, [](float x) { return std::bit_cast<std::uint32_t>(x); });
  }
}

}  // namespace pamkit
