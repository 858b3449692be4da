// Leaving out the terms of zero operands. Included once per instruction set.
#if defined(PAMKIT_SIMD_PAM_ZERO_MASKS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef PAMKIT_SIMD_PAM_ZERO_MASKS_INL_HPP
#undef PAMKIT_SIMD_PAM_ZERO_MASKS_INL_HPP
#else
#define PAMKIT_SIMD_PAM_ZERO_MASKS_INL_HPP
#endif

#include "contraction-inl.hpp"

#if PAMKIT_SIMD_HAS_KERNELS
HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {

/// sum + term in the lanes of `mask`, sum in the others; the sum is never -0, so adding +0 is
/// leaving it.
HWY_INLINE float_vector AddWhere(integer_mask mask, float_vector sum, integer_vector term) {
#if PAMKIT_SIMD_MASK_REGISTERS
  return hn::IfThenElse(hn::RebindMask(floats(), mask), hn::Add(sum, AsFloats(term)), sum);
#else
  return hn::Add(sum, AsFloats(hn::IfThenElseZero(mask, term)));
#endif
}

/// All ones where a left operand is no zero: the side of zero_masks.
HWY_INLINE integer_vector NonzeroSide(std::int32_t zero_limit, integer_vector a) {
  return hn::VecFromMask(integers(), hn::Gt(MagnitudeOf(a), Integers(zero_limit - 1)));
}

/// Which operands may be zeros, and their masks. A right operand comes with the bias subtracted,
/// its zeros as +0; a left one with its NonzeroSide if it may be a zero.
template <bool LeftZeros, bool RightZeros>
struct zero_masks {
  integer_vector zero;  ///< a packed right operand that is a zero

  struct masked {
    integer_vector bits;
    integer_mask nonzero;
  };
  struct tested {
    integer_vector bits;
    integer_mask mask;  ///< nonzero where masks are registers of their own, else zero
  };
  struct unmasked {
    integer_vector bits;
  };

  explicit HWY_INLINE zero_masks(const packing_rules& p) : zero(Integers(-p.right_bias)) {}

  HWY_INLINE unmasked Row(float_vector a) const { return {AsIntegers(a)}; }
  HWY_INLINE masked Row(float_vector a, float_vector side) const {
    return {AsIntegers(a), hn::MaskFromVec(AsIntegers(side))};
  }
  HWY_INLINE auto Column(float_vector b) const {
    const integer_vector bits = AsIntegers(b);
    if constexpr (!RightZeros) {
      return unmasked{bits};
    } else if constexpr (PAMKIT_SIMD_MASK_REGISTERS != 0) {
      return tested{bits, hn::Ne(bits, zero)};
    } else {
      return tested{bits, hn::Eq(bits, zero)};
    }
  }
  template <class Row, class Column>
  HWY_INLINE float_vector Add(float_vector sum, integer_vector term, const Row& row,
                              const Column& column) const {
    if constexpr (RightZeros) {
      term = PAMKIT_SIMD_MASK_REGISTERS != 0 ? hn::IfThenElseZero(column.mask, term)
                                             : hn::IfThenZeroElse(column.mask, term);
    }
    if constexpr (LeftZeros) return AddWhere(row.nonzero, sum, term);
    return hn::Add(sum, AsFloats(term));
  }
};

}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // PAMKIT_SIMD_HAS_KERNELS

#endif
