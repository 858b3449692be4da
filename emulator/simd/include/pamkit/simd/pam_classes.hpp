#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "pamkit/format/encoding.hpp"
#include "pamkit/format/policy.hpp"

/// When a sum of piecewise affine products needs no case distinctions.
///
/// With mag(x) the encoding without its sign and c the compensation, a product of two nonzero
/// finite normal operands is  r = mag(a) + mag(b) - ONE + c,  its sign the xor of the signs,
/// provided MIN <= r <= MAX. If that proviso holds for a whole pair of operand blocks, the product
/// is ONE wrapping 32-bit addition of the encodings: the magnitudes add without leaving [0, 2^31),
/// and the sign bits add modulo 2, which is their xor.
///
/// r grows with both magnitudes. So with `least` the least magnitude that is not read as a zero,
/// and `greatest` the greatest one, of either block:
///
///     no product of the blocks is below MIN   <=>  least(a) + least(b) - ONE + c >= MIN
///     no product of the blocks is above MAX   <=>  greatest(a) + greatest(b) - ONE + c <= MAX
///
/// Both are statements on full magnitudes. Exponents alone do not do: a fraction carry raises the
/// exponent by one, so that 0x7e7fffff and 0x407fffff overflow (r = 0x7f7ffffe + 1 + ...) where
/// their exponents add in range.
///
/// A product that is a zero of either sign leaves the accumulator as it is: accumulators start at
/// +0 and x + (-x) is +0 in round-to-nearest, so an accumulator is never -0, and x + (+-0) = x for
/// every other x, NaNs and infinities included. Terms that are zeros can therefore be left out.
///
/// Where every term is finite an accumulator cannot become a NaN (inf - inf needs an infinite
/// term), and a NaN it holds from earlier terms, canonical already, stays as it is. Class overflow
/// has infinite terms under `infinity`; there the finished sum is made canonical.

namespace pamkit {

/// What packing learns of a block of binary32 operands.
struct magnitude_range {
  /// Least magnitude among elements that are not zeros; above every magnitude if there are none.
  std::int32_t least = std::numeric_limits<std::int32_t>::max();
  /// Greatest magnitude of all elements.
  std::int32_t greatest = 0;
  bool has_zero = false;  ///< an element is a zero, or a subnormal that the policy flushes

  constexpr bool operator==(const magnitude_range&) const = default;
};

/// Magnitudes below this are zeros under the policy: MIN (flush) or 1 (gradual).
constexpr std::int32_t zero_limit(const policy<binary32>& p) {
  return p.subnormals == subnormal_policy::flush ? min_magnitude<binary32> : 1;
}

/// The range with one more element.
constexpr magnitude_range including(const policy<binary32>& p, magnitude_range range,
                                    std::int32_t magnitude) {
  range.greatest = std::max(range.greatest, magnitude);
  if (magnitude < zero_limit(p)) {
    range.has_zero = true;
  } else {
    range.least = std::min(range.least, magnitude);
  }
  return range;
}

/// The classes of a pair of blocks, from the least work per term to the most.
enum class pam_class : std::uint8_t {
  plain,      ///< every product is in range: add encodings, add to the sum
  zeros,      ///< as plain, but some operands are zeros, whose terms are left out
  underflow,  ///< flush only: terms with r < MIN are left out too; nothing overflows, all is finite
  overflow,   ///< finite operands: products past MAX too, and, flush only, those below MIN
  full,       ///< anything: infinities, NaNs, gradual underflow, subnormal operands kept
};

/// The first class that is right for every product of an element of one block with one of the
/// other.
constexpr pam_class classify(const policy<binary32>& p, const magnitude_range& a,
                             const magnitude_range& b) {
  constexpr std::int64_t least_normal = min_magnitude<binary32>;
  constexpr std::int64_t infinity = top_binade<binary32>;
  if (a.greatest >= infinity || b.greatest >= infinity) return pam_class::full;
  if (a.least < least_normal || b.least < least_normal)
    return pam_class::full;  // gradual subnormals
  const std::int64_t offset = std::int64_t{p.compensation} - one_magnitude<binary32>;
  const bool underflows = std::int64_t{a.least} + b.least + offset < least_normal;
  if (underflows && p.subnormals == subnormal_policy::gradual) return pam_class::full;
  if (std::int64_t{a.greatest} + b.greatest + offset >= infinity) return pam_class::overflow;
  if (underflows) return pam_class::underflow;
  return a.has_zero || b.has_zero ? pam_class::zeros : pam_class::plain;
}

/// Range of the slopes of pam at operands whose other factor lies in `x`: a slope has the magnitude
/// (mag(x) + F + c) with its fraction cleared, where 0 <= F < MIN is the fraction of the operand
/// that the slope is taken in. Not finite if an element of `x` is not.
constexpr magnitude_range slope_range(magnitude_range x, std::int32_t compensation) {
  constexpr std::int64_t fraction = min_magnitude<binary32> - 1;
  constexpr std::int64_t limit = std::numeric_limits<std::int32_t>::max();
  if (x.least <= x.greatest) x.least = static_cast<std::int32_t>(x.least & ~fraction);
  x.greatest = static_cast<std::int32_t>(
      std::min((x.greatest + fraction + compensation) & ~fraction, limit));
  return x;
}

/// The class of an exact derivative's terms pam(d, slope), the slope formed under `p` and applied
/// without compensation: plain, zeros or full. A slope past a range and its application past one
/// are two encodings, which the classes between do not have.
constexpr pam_class classify_slopes(const policy<binary32>& p, const magnitude_range& d,
                                    const magnitude_range& x) {
  const pam_class c = classify(p.uncompensated(), d, slope_range(x, p.compensation));
  return c == pam_class::underflow || c == pam_class::overflow ? pam_class::full : c;
}

}  // namespace pamkit
