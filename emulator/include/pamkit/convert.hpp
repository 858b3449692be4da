#pragma once

#include "pamkit/detail/encode.hpp"

namespace pamkit {

/// How a binary32 value is cut to fewer fraction bits.
enum class cut_mode : std::uint8_t { nearest, truncate };

/// The same value in binary32, exactly: subnormals of binary16, e5m2 and e4m3 become normal, those of
/// bfloat16 stay subnormal. A NaN becomes the canonical one.
template <class F>
PAMKIT_HD constexpr encoding<binary32> widen(encoding<F> x) {
  if (is_nan(x)) return canonical_nan<binary32>();
  if (is_infinite(x)) return pack<binary32>(sign(x), top_binade<binary32>);
  if (magnitude(x) == 0) return pack<binary32>(sign(x), 0);
  const detail::scaled_value<F> v = detail::scaled(x);
  return detail::encode_scaled(policy<binary32>{.subnormals = subnormal_policy::gradual}, sign(x),
                               v.significand, v.exponent);
}

/// A binary32 value rounded once to F under the policies; also the cut to binary32m (RN on the encoding, past
/// MAX the overflow policy). A subnormal operand keeps its value; the flush policy is about the result.
template <class F>
PAMKIT_HD constexpr encoding<F> narrow(const policy<F>& p, encoding<binary32> x) {
  if (is_nan(x)) return canonical_nan<F>();
  if (is_infinite(x)) return detail::infinite_result(p, sign(x));
  if (magnitude(x) == 0) return pack<F>(sign(x), 0);
  const detail::scaled_value<binary32> v = detail::scaled(x);
  return detail::encode_scaled(p, sign(x), v.significand, v.exponent);
}

/// Cuts a binary32 value to `kept` fraction bits (1..23) on the encoding: a carry into the exponent is right,
/// infinities stay, a NaN becomes the canonical one, and past MAX the overflow policy decides.
PAMKIT_HD constexpr encoding<binary32> cut(encoding<binary32> x, int kept, cut_mode mode,
                                           overflow_policy overflow) {
  if (is_nan(x)) return canonical_nan<binary32>();
  if (is_infinite(x)) return x;
  const int dropped = binary32::fraction_bits - kept;
  const std::int64_t m = magnitude(x);
  if (mode == cut_mode::truncate) return pack<binary32>(sign(x), (m >> dropped) << dropped);
  const std::int64_t rounded = detail::round_to_multiple(m, dropped);
  if (rounded < top_binade<binary32>) return pack<binary32>(sign(x), rounded);
  return pack<binary32>(sign(x), overflow == overflow_policy::infinity
                                     ? std::int64_t{top_binade<binary32>}
                                     : std::int64_t{max_magnitude(binary32m{kept})});
}

}  // namespace pamkit
