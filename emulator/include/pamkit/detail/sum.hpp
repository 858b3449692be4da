#pragma once

#include <bit>

#include "pamkit/format/encoding.hpp"

namespace pamkit::detail {

/// IEEE binary32 addition, round to nearest, gradual underflow; a NaN is the canonical one. Sums are the only
/// native floating-point operation of a multiplication-free arithmetic.
PAMKIT_HD inline encoding<binary32> add(encoding<binary32> a, encoding<binary32> b) {
#if defined(__CUDA_ARCH__)
  const float sum = __fadd_rn(__uint_as_float(a.bits), __uint_as_float(b.bits));
  const encoding<binary32> r{__float_as_uint(sum)};
#else
  const float sum = std::bit_cast<float>(a.bits) + std::bit_cast<float>(b.bits);
  const encoding<binary32> r{std::bit_cast<std::uint32_t>(sum)};
#endif
  return is_nan(r) ? canonical_nan<binary32>() : r;
}

}  // namespace pamkit::detail
