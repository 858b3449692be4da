#pragma once

#include <cmath>

#include "pamkit/arith/exact.hpp"
#include "pamkit/arith/power_of_two.hpp"
#include "pamkit/cuda/kernel.cuh"
#include "pamkit/detail/sum.hpp"
#include "pamkit/tensor/contraction.hpp"

// clang-format off
/// The classes of a contraction: how much a term has to do, and for which operands that is enough.
/// With mag(x) the encoding without its sign and c the compensation, the magnitude of a piecewise
/// affine product is r = mag(x) + mag(y) - ONE + c if it lies in [MIN, MAX].
///
/// | class     | operands of a slab                | a term                                  |
/// |-----------|-----------------------------------|-----------------------------------------|
/// | fast      | all in [2^-63, 2^63)              | add the encodings, add to the sum       |
/// | threshold | all below 2^63, under `flush`     | the same where mag(x) >= limit(y)       |
/// | slope     | zeros, or in [2^-63, 2^63)        | add the slope's encoding, add to the    |
/// |           |                                   | sum where neither is a zero             |
/// | native    | below 2^63; of adder any          | the machine's own operations            |
/// | full      | any                               | the arithmetic's own product            |
/// | hybrid    | any                               | the first of them that is right         |
///
/// Why fast is right: 2 mag(2^-63) - ONE = MIN, and 2 (mag(2^63) - 1) - ONE + MIN < MAX for every c
/// up to MIN. The magnitudes add without a carry into the sign, and the sign bits add modulo 2,
/// which is xor. power_of_two is a product with a rounded y, at most 2^63, and no c.
///
/// Why threshold is right: under `flush` a product is a zero if y is one, if x is one, or if r <
/// MIN, that is mag(x) < ONE + MIN - c - mag(y). A zero of either sign leaves the accumulator as it
/// is: it starts at +0 and x + -x is +0, so it is never -0. Magnitudes order like the numbers that
/// they encode.
///
/// Why slope is right: the slope of own * y in own is sign(y) 2^(Ey + carry) with the carry of own's
/// fraction, y's and c. The sum of the encodings has the carry in its exponent; the fraction is
/// cleared. The three of them are below 1 each and carry at most 2, so that the slope lies in
/// [2^-63, 2^64] and its product with x in [2^-126, 2^127). Of own no more than the fraction is
/// read, that of a subnormal after it was normalised, and whether it is a NaN.
///
/// Why native is right: products of exact underflow gradually whatever the policy, as the machine's
/// do, and those of factors below 2^63 are finite. Differences and products of adder follow IEEE 754
/// under every policy.
///
/// Sums of finite terms are NaN only if the accumulator was, which is made canonical when it is
/// stored.
// clang-format on

namespace pamkit::cuda {

enum class slab_class : std::uint8_t { fast, threshold, full };

inline constexpr std::uint32_t kMagnitude = magnitude_mask<binary32>;
inline constexpr std::uint32_t kOne = static_cast<std::uint32_t>(one_magnitude<binary32>);
inline constexpr std::uint32_t kMin = static_cast<std::uint32_t>(min_magnitude<binary32>);
inline constexpr std::uint32_t kInfinity = static_cast<std::uint32_t>(top_binade<binary32>);
inline constexpr std::uint32_t kBinade = ~(kMin - 1);  ///< all but the fraction
inline constexpr std::uint32_t kSmall = 0x20000000U;  ///< mag(2^-63)
inline constexpr std::uint32_t kLarge = 0x5f000000U;  ///< mag(2^63)

/// ONE - c, so that the encodings x and y give the product x + (y - offset).
PAMKIT_DEVICE std::uint32_t offset_of(const policy<binary32>& rules) {
  return kOne - static_cast<std::uint32_t>(rules.compensation);
}

/// Terms of class fast; y has the offset taken off.
struct fast_term {
  static constexpr bool reads_limits = false;
  static constexpr bool reads_own = false;
  PAMKIT_DEVICE static word product(word x, word y) { return {x.bits + y.bits}; }
  PAMKIT_DEVICE static void add(word& sum, word x, word y) { sum = add_once(sum, product(x, y)); }
};

/// Terms of class threshold; y has the offset taken off.
struct threshold_term {
  static constexpr bool reads_limits = true;
  static constexpr bool reads_own = false;
  /// The least magnitude of x whose product with y is not a zero; infinity where there is none. For
  /// mag(y) < 2^63 the difference lies in (-2^31, 2^31).
  PAMKIT_DEVICE static std::uint32_t limit(const policy<binary32>& rules, word y) {
    const std::uint32_t m = y.bits & kMagnitude;
    const auto least = static_cast<std::int32_t>(offset_of(rules) + kMin - m);
    if (m < kMin) return kInfinity;
    return least < static_cast<std::int32_t>(kMin) ? kMin : static_cast<std::uint32_t>(least);
  }
  PAMKIT_DEVICE static bool reaches(word x, std::uint32_t limit) {
    return std::fabs(std::bit_cast<float>(x.bits)) >= std::bit_cast<float>(limit);
  }
  PAMKIT_DEVICE static void add(word& sum, word x, word y, std::uint32_t limit) {
    if (reaches(x, limit)) sum = add_once(sum, fast_term::product(x, y));
  }
};

/// Terms of class slope: products of x with the slope of own * y in own. `own` and y as slope_class
/// prepares them.
struct slope_term {
  static constexpr bool reads_limits = true;
  static constexpr bool reads_own = true;
  PAMKIT_DEVICE static void add(word& sum, word x, word y, std::uint32_t limit, word own) {
    if (!threshold_term::reaches(x, limit)) return;
    sum = add_once(sum, {x.bits + ((own.bits + y.bits) & kBinade)});
  }
};

/// Terms of class native: exact products, adder's and its two derivatives.
struct exact_term {
  static constexpr bool reads_limits = false;
  static constexpr bool reads_own = false;
  PAMKIT_DEVICE static void add(word& sum, word x, word y) {
    sum = add_once(sum, multiply_once(x, y));
  }
};
struct adder_term {
  static constexpr bool reads_limits = false;
  static constexpr bool reads_own = false;
  PAMKIT_DEVICE static void add(word& sum, word x, word y) {
    const float difference = std::bit_cast<float>(subtract_once(x, y).bits);
    sum = add_once(sum, {std::bit_cast<std::uint32_t>(-std::fabs(difference))});
  }
};
/// x clip(y - own, -1, 1); a comparison with a NaN is false, which keeps it.
struct adder_input_term {
  static constexpr bool reads_limits = false;
  static constexpr bool reads_own = true;
  PAMKIT_DEVICE static void add(word& sum, word x, word y, word own) {
    const word slope = subtract_once(y, own);
    const bool is_steep = std::fabs(std::bit_cast<float>(slope.bits)) > 1.0F;
    const word clipped = is_steep ? word{(slope.bits & ~kMagnitude) | kOne} : slope;
    sum = add_once(sum, multiply_once(x, clipped));
  }
};
/// y (x - own)
struct adder_weight_term {
  static constexpr bool reads_limits = false;
  static constexpr bool reads_own = true;
  PAMKIT_DEVICE static void add(word& sum, word x, word y, word own) {
    sum = add_once(sum, multiply_once(y, subtract_once(x, own)));
  }
};

/// Terms by the arithmetic's own product or its derivative; y as it is, or with the offset taken
/// off.
template <class A, contraction_kind Kind, bool HasOffset>
struct full_term {
  static constexpr bool reads_limits = false;
  PAMKIT_DEVICE static void add(const policy<binary32>& rules, derivative gradient, word& sum,
                                word x, word y, word own) {
    if constexpr (HasOffset) y.bits += offset_of(rules);
    sum = detail::add(sum, term(rules, gradient, x, y, own));
  }

 private:
  PAMKIT_DEVICE static word term(const policy<binary32>& rules,
                                 [[maybe_unused]] derivative gradient, word x, word y,
                                 [[maybe_unused]] word own) {
    if constexpr (Kind == contraction_kind::product) {
      return A::mul(rules, x, y);
    } else if constexpr (Kind == contraction_kind::vjp_a) {
      return A::mul_vjp_a(rules, gradient, own, y, x);
    } else {
      return A::mul_vjp_b(rules, gradient, x, own, y);
    }
  }
};

/// One class for every slab. Its domain is the caller's to keep.
template <slab_class Only, class Fast, class Threshold, class Full, bool HasOffset>
struct one_class {
  using fast = Fast;
  using threshold = Threshold;
  using full = Full;
  static constexpr bool has_limits = Only == slab_class::threshold;
  static constexpr bool has_own = false;
  PAMKIT_DEVICE static constexpr bool is_fast(slab_class) { return Only == slab_class::fast; }
  PAMKIT_DEVICE static constexpr bool is_threshold(slab_class) {
    return Only == slab_class::threshold;
  }
  PAMKIT_DEVICE static std::uint32_t prepared(const policy<binary32>& rules, word y) {
    return HasOffset ? y.bits - offset_of(rules) : y.bits;
  }
  PAMKIT_DEVICE static std::uint32_t limit(const policy<binary32>& rules, word y) {
    return threshold_term::limit(rules, y);
  }
  PAMKIT_DEVICE static std::uint32_t prepared_own(const policy<binary32>&, word own) {
    return own.bits;
  }
  /// What agree() has to know of an element; of all elements it is joined by |.
  PAMKIT_DEVICE static std::uint32_t see(word) { return 0; }
  PAMKIT_DEVICE static std::uint32_t see_own(word) { return 0; }
  /// A barrier: the tile is written before it is read.
  template <class Thread>
  PAMKIT_DEVICE static slab_class agree(const Thread& thread, const policy<binary32>&,
                                        std::uint32_t) {
    thread.barrier();
    return Only;
  }
};

/// pam and l_mul, whose compensations come with the rules.
using fast_class = one_class<slab_class::fast, fast_term, void, void, true>;
using threshold_class = one_class<slab_class::threshold, void, threshold_term, void, true>;

/// Any arithmetic, any kind.
template <class A, contraction_kind Kind>
struct full_class : one_class<slab_class::full, void, void, full_term<A, Kind, false>, false> {
  static constexpr bool has_own = Kind != contraction_kind::product;
};

/// Products of pam or l_mul, each slab by the first class that is right for all of its elements.
template <class A>
struct hybrid_class : one_class<slab_class::full, fast_term, threshold_term,
                                full_term<A, contraction_kind::product, true>, true> {
  static constexpr bool has_limits = true;
  PAMKIT_DEVICE static bool is_fast(slab_class c) { return c == slab_class::fast; }
  PAMKIT_DEVICE static bool is_threshold(slab_class c) { return c == slab_class::threshold; }

  /// Bit 0: outside of [2^-63, 2^63); bit 1: not below 2^63.
  PAMKIT_DEVICE static std::uint32_t see(word x) {
    const std::uint32_t m = x.bits & kMagnitude;
    return (m - kSmall >= kLarge - kSmall ? 1U : 0U) | (m >= kLarge ? 2U : 0U);
  }
  template <class Thread>
  PAMKIT_DEVICE static slab_class agree(const Thread& thread, const policy<binary32>& rules,
                                        std::uint32_t seen) {
    if (!thread.any_of_block((seen & 1U) != 0)) return slab_class::fast;
    const bool is_refused = rules.subnormals == subnormal_policy::gradual || (seen & 2U) != 0;
    return thread.any_of_block(is_refused) ? slab_class::full : slab_class::threshold;
  }
};

/// The same for power_of_two: y is rounded when it is prepared, which doing it again does not
/// change.
struct rounded_hybrid_class : hybrid_class<arith::power_of_two> {
  PAMKIT_DEVICE static std::uint32_t prepared(const policy<binary32>& rules, word y) {
    return rounded(y).bits - offset_of(rules);
  }
  PAMKIT_DEVICE static std::uint32_t limit(const policy<binary32>& rules, word y) {
    return threshold_term::limit(rules, rounded(y));
  }

 private:
  /// To the nearest power of two, the larger of two. Left to the full class: subnormals, whose
  /// leading bit is elsewhere, and what is not below 2^63.
  PAMKIT_DEVICE static word rounded(word y) {
    const std::uint32_t m = y.bits & kMagnitude;
    return m >= kMin && m < kLarge ? word{(y.bits + kMin / 2) & kBinade} : y;
  }
};

/// Exact derivatives of pam and l_mul in the operand `own`, of which y is the other one.
template <class A>
struct slope_class : one_class<slab_class::full, slope_term, void, void, false> {
  static constexpr bool has_limits = true;
  static constexpr bool has_own = true;

  /// Terms by the arithmetic's own derivative.
  struct full {
    static constexpr bool reads_limits = false;
    PAMKIT_DEVICE static void add(const policy<binary32>& rules, derivative, word& sum, word x,
                                  word y, word own) {
      y.bits += offset(rules);
      sum = detail::add(sum, A::mul_vjp_a(rules, derivative::exact, own, y, x));
    }
  };

  PAMKIT_DEVICE static bool is_fast(slab_class c) { return c == slab_class::fast; }
  /// With the two units of the sum of the three encodings and the compensation taken off.
  PAMKIT_DEVICE static std::uint32_t prepared(const policy<binary32>& rules, word y) {
    return y.bits - offset(rules);
  }
  /// Any x but a zero reaches it, unless y is one.
  PAMKIT_DEVICE static std::uint32_t limit(const policy<binary32>&, word y) {
    return (y.bits & kMagnitude) == 0 ? kInfinity : kMin;
  }
  /// A number in [1, 2) with its fraction, or a NaN.
  PAMKIT_DEVICE static std::uint32_t prepared_own(const policy<binary32>& rules, word own) {
    if (is_nan(own)) return own.bits;
    return kOne | static_cast<std::uint32_t>(detail::read_slope_operand(rules, own).fraction);
  }
  PAMKIT_DEVICE static std::uint32_t see(word x) {
    const std::uint32_t m = x.bits & kMagnitude;
    return m != 0 && m - kSmall >= kLarge - kSmall ? 1U : 0U;
  }
  PAMKIT_DEVICE static std::uint32_t see_own(word own) { return is_nan(own) ? 1U : 0U; }
  template <class Thread>
  PAMKIT_DEVICE static slab_class agree(const Thread& thread, const policy<binary32>&,
                                        std::uint32_t seen) {
    return thread.any_of_block(seen != 0) ? slab_class::full : slab_class::fast;
  }

 private:
  PAMKIT_DEVICE static std::uint32_t offset(const policy<binary32>& rules) {
    return offset_of(rules) + kOne;
  }
};

/// Products of exact.
struct exact_hybrid_class
    : one_class<slab_class::full, exact_term, void,
                full_term<arith::exact, contraction_kind::product, false>, false> {
  PAMKIT_DEVICE static bool is_fast(slab_class c) { return c == slab_class::fast; }
  PAMKIT_DEVICE static std::uint32_t see(word x) {
    return (x.bits & kMagnitude) >= kLarge ? 1U : 0U;
  }
  template <class Thread>
  PAMKIT_DEVICE static slab_class agree(const Thread& thread, const policy<binary32>&,
                                        std::uint32_t seen) {
    return thread.any_of_block(seen != 0) ? slab_class::full : slab_class::fast;
  }
};

/// Products of adder and their derivatives, whatever the operands.
using adder_class = one_class<slab_class::fast, adder_term, void, void, false>;
template <class Term>
struct adder_vjp_class : one_class<slab_class::fast, Term, void, void, false> {
  static constexpr bool has_own = true;
};

}  // namespace pamkit::cuda
