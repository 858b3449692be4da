// Operands that memory holds in 16 or 8 bits, widened to binary32 in vectors. Included once per
// instruction set.
#if defined(PAMKIT_SIMD_WIDEN_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef PAMKIT_SIMD_WIDEN_INL_HPP
#undef PAMKIT_SIMD_WIDEN_INL_HPP
#else
#define PAMKIT_SIMD_WIDEN_INL_HPP
#endif

#include "arrangement.hpp"
#include "lanes-inl.hpp"
#include "workspace.hpp"

#if PAMKIT_SIMD_HAS_KERNELS
HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {

/// Encodings of a format with fewer exponent bits than binary32, one to a lane, as
/// detail::widen_binary16 has it: the fraction moves up and the exponent's bias is raised, for an
/// infinity or NaN twice. A subnormal magnitude m is m 2^(1 - bias - fraction bits): it converts
/// exactly, and the exponent of what is not 0 falls by that. A NaN keeps its payload.
template <class Format>
HWY_INLINE float_vector Widened(word_vector x) {
  constexpr int kShift = 23 - Format::fraction_bits;
  constexpr std::int32_t kRaise = (127 - Format::bias) << 23;
  constexpr std::int32_t kFall = (Format::bias - 1 + Format::fraction_bits) << 23;
  constexpr std::int32_t kNormal = min_magnitude<Format>;
  constexpr auto kSpecial = Format::has_infinity
                                ? static_cast<std::int32_t>(top_binade<Format>)
                                : static_cast<std::int32_t>(magnitude_mask<Format>);
  constexpr int kSignShift = 32 - width<Format>;
  const integer_vector bits = hn::BitCast(integers(), x);
  const integer_vector m =
      hn::And(bits, Integers(static_cast<std::int32_t>(magnitude_mask<Format>)));
  const integer_vector sign = hn::ShiftLeft<kSignShift>(
      hn::And(bits, Integers(static_cast<std::int32_t>(sign_mask<Format>))));
  const integer_vector moved = hn::Add(hn::ShiftLeft<kShift>(m), Integers(kRaise));
  const integer_vector special =
      hn::IfThenElseZero(hn::Gt(m, Integers(kSpecial - 1)), Integers(kRaise));
  const integer_vector converted = AsIntegers(hn::ConvertTo(floats(), m));
  const integer_vector subnormal =
      hn::IfThenElseZero(hn::Gt(m, hn::Zero(integers())), hn::Sub(converted, Integers(kFall)));
  const integer_vector magnitude =
      hn::IfThenElse(hn::Lt(m, Integers(kNormal)), subnormal, hn::Add(moved, special));
  return AsFloats(hn::Or(magnitude, sign));
}

/// Widens `count` elements of a narrow format, one after the other, to out[0], out[1], ...;
/// exactly, as widen_elements does, but for the payload of e4m3's NaN, which no sum of products
/// keeps.
inline void WidenRun(element_format format, const void* data, std::int64_t count, float* out) {
  const floats d;
  const words u;
  const hn::Rebind<std::uint16_t, floats> u16;
  const hn::Rebind<std::uint8_t, floats> u8;
  const auto each = [&]<class Storage>(Storage, const auto& widened) HWY_ATTR {
    const Storage* const from = static_cast<const Storage*>(data);
    std::int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) hn::StoreU(widened(from + i), d, out + i);
    widen_elements(format, data, i, 1, count - i, out + i, 1);
  };
  switch (format) {
    case element_format::bfloat16:
      return each(std::uint16_t{}, [&](const std::uint16_t* p) HWY_ATTR {
        return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(u, hn::LoadU(u16, p))));
      });
    case element_format::binary16:
      return each(std::uint16_t{}, [&](const std::uint16_t* p) HWY_ATTR {
        return Widened<binary16>(hn::PromoteTo(u, hn::LoadU(u16, p)));
      });
    case element_format::e5m2:
      return each(std::uint8_t{}, [&](const std::uint8_t* p) HWY_ATTR {
        return Widened<e5m2>(hn::PromoteTo(u, hn::LoadU(u8, p)));
      });
    case element_format::e4m3:
      return each(std::uint8_t{}, [&](const std::uint8_t* p) HWY_ATTR {
        return Widened<e4m3>(hn::PromoteTo(u, hn::LoadU(u8, p)));
      });
    case element_format::binary32:
      return widen_elements(format, data, 0, 1, count, out, 1);
  }
}

/// `count` elements of row i of a narrow matrix from column j on, one after the other.
inline void WidenRow(const strided& m, std::int64_t i, std::int64_t j, std::int64_t count,
                     float* out) {
  if (m.column == 1) {
    WidenRun(m.format, element_address(m.format, m.narrow, i * m.row + j), count, out);
  } else {
    widen_elements(m.format, m.narrow, i * m.row + j * m.column, m.column, count, out, 1);
  }
}

/// A block of a narrow matrix, widened; element (0, 0) is (i0, j0). What is contiguous there is
/// contiguous here.
inline strided WidenedBlock(const strided& m, std::int64_t i0, std::int64_t rows, std::int64_t j0,
                            std::int64_t columns, aligned_buffer& buffer) {
  float* const data = buffer.reserve(rows * columns);
  if (m.row == 1 && m.column != 1) {
    for (std::int64_t j = 0; j < columns; ++j) {
      WidenRow(m.transposed(), j0 + j, i0, rows, data + j * rows);
    }
    return {.data = data, .row = 1, .column = rows};
  }
  for (std::int64_t i = 0; i < rows; ++i) WidenRow(m, i0 + i, j0, columns, data + i * columns);
  return {.data = data, .row = columns, .column = 1};
}

}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // PAMKIT_SIMD_HAS_KERNELS

#endif
