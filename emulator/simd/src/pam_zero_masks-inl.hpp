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

/// Which operands may be zeros, and their masks. A right operand comes with the bias subtracted.
template <bool LeftZeros, bool RightZeros>
struct zero_masks {
  integer_vector nonzero_bits;  ///< a nonzero operand has one of them set
  integer_vector bias;

  struct masked {
    integer_vector bits;
    integer_mask nonzero;
  };
  struct unmasked {
    integer_vector bits;
  };

  explicit HWY_INLINE zero_masks(const packing_rules& p)
      : nonzero_bits(Integers(p.zero_limit == kMin ? kInf : kMagnitude)),
        bias(Integers(p.right_bias)) {}

  HWY_INLINE integer_mask Nonzero(integer_vector x) const {
    return hn::Ne(hn::And(x, nonzero_bits), hn::Zero(integers()));
  }
  HWY_INLINE auto Row(float_vector a) const {
    const integer_vector bits = AsIntegers(a);
    if constexpr (LeftZeros) {
      return masked{bits, Nonzero(bits)};
    } else {
      return unmasked{bits};
    }
  }
  HWY_INLINE auto Column(float_vector b) const {
    const integer_vector bits = AsIntegers(b);
    if constexpr (RightZeros) {
      return masked{bits, Nonzero(hn::Add(bits, bias))};
    } else {
      return unmasked{bits};
    }
  }
  template <class Row, class Column>
  HWY_INLINE float_vector Add(float_vector sum, integer_vector term, const Row& row,
                              const Column& column) const {
    if constexpr (RightZeros) term = hn::IfThenElseZero(column.nonzero, term);
    if constexpr (LeftZeros) return AddWhere(row.nonzero, sum, term);
    return hn::Add(sum, AsFloats(term));
  }
};

}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // PAMKIT_SIMD_HAS_KERNELS

#endif
