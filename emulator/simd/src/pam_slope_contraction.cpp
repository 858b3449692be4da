// Contractions with exact derivatives as terms: pam(d, slope), the slope of pam in the operand that
// belongs to the output.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pam_slope_contraction.cpp"
#include <hwy/foreach_target.h>
// clang-format off
#include "contraction-inl.hpp"
#include "pam_lanes-inl.hpp"
#include "pam_zero_masks-inl.hpp"
// clang-format on
#include "kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {
#if PAMKIT_SIMD_HAS_KERNELS

/// Everything in range. With F the fraction of the output's own operand, c the compensation and x
/// the other factor, the slope's encoding is (bits(x) + F + c) with its fraction cleared: the carry
/// raises the exponent by floor(Fx + F + c), the sign bit stays. The right operand is packed with
/// ONE subtracted, a multiple of MIN, which the clearing lets through.
template <bool FactorOnLeft, bool Zeros>
struct slope_step : step_defaults {
  static constexpr bool kHasOwn = true;
  static constexpr int kSideCount = Zeros ? 1 : 0;
  zero_masks<Zeros, Zeros> masks;
  integer_vector compensation;
  bool gradual;

  HWY_INLINE slope_step(const policy<binary32>& p, const packing_rules& r)
      : masks(r),
        compensation(Integers(p.compensation)),
        gradual(p.subnormals == subnormal_policy::gradual) {}

  /// F + c, or -1 for a NaN, which makes every term one.
  HWY_INLINE integer_vector Own(float_vector own) const {
    const integer_vector m = MagnitudeOf(AsIntegers(own));
    const integer_vector fraction =
        gradual ? pam_lanes<true>::FractionOf(m) : pam_lanes<false>::FractionOf(m);
    return hn::IfThenElse(hn::Gt(m, Integers(kInf)), Integers(-1), hn::Add(fraction, compensation));
  }
  HWY_INLINE auto Column(float_vector b) const { return masks.Column(b); }
  template <class... Side>
  HWY_INLINE auto Row(float_vector a, Side... side) const {
    return masks.Row(a, side...);
  }
  template <class RowType, class ColumnType>
  HWY_INLINE float_vector Accumulate(float_vector sum, const RowType& row, const ColumnType& column,
                                     integer_vector own) const {
    const integer_vector clear = Integers(~kFraction);
    const integer_vector term = FactorOnLeft
                                    ? hn::Add(column.bits, hn::And(hn::Add(row.bits, own), clear))
                                    : hn::Add(row.bits, hn::And(hn::Add(column.bits, own), clear));
    return masks.Add(sum, term, row, column);
  }
  static HWY_INLINE float_vector Finish(float_vector sum, integer_vector own) {
    const integer_mask nan = hn::Lt(own, hn::Zero(integers()));
    return AsFloats(hn::IfThenElse(nan, Integers(kNan), AsIntegers(sum)));
  }
};

template <bool Gradual, bool FactorOnLeft>
struct full_slope_step : step_defaults {
  static constexpr bool kHasOwn = true;
  static constexpr int kVectors = 2;
  static constexpr bool kTall = false;
  pam_lanes<Gradual> rules;

  explicit HWY_INLINE full_slope_step(const policy<binary32>& p) : rules(p) {}

  HWY_INLINE integer_vector Own(float_vector own) const { return AsIntegers(own); }
  HWY_INLINE integer_vector Column(float_vector b) const { return AsIntegers(b); }
  HWY_INLINE integer_vector Row(float_vector a) const { return AsIntegers(a); }
  HWY_INLINE float_vector Accumulate(float_vector sum, integer_vector row, integer_vector column,
                                     integer_vector own) const {
    const integer_vector d = FactorOnLeft ? column : row;
    const integer_vector factor = FactorOnLeft ? row : column;
    const auto plain = rules.Uncompensated();
    return hn::Add(sum, AsFloats(plain.Mul(d, rules.MulDa(own, factor))));
  }
  static HWY_INLINE float_vector Finish(float_vector sum, integer_vector) { return Canonical(sum); }
};

template <bool FactorOnLeft>
struct slope_family {
  static constexpr bool kHasOwn = true;
  policy<binary32> policies;
  packing_rules rules;

  using class_type = pam_class;

  explicit slope_family(const policy<binary32>& p) : policies(p) {
    rules.gather = true;
    rules.zero_limit = zero_limit(p);
    rules.right_bias = kOne;
  }

  pam_class Class(const magnitude_range& left, const magnitude_range& right) const {
    return FactorOnLeft ? classify_slopes(policies, right, left)
                        : classify_slopes(policies, left, right);
  }
  static bool ReadsRaw(pam_class c) { return c == pam_class::full; }
  static constexpr int kSideKinds = 1;
  static side_list Sides(pam_class c) {
    return {.count = c == pam_class::zeros ? 1 : 0, .index = {}};
  }
  integer_vector Side(int, integer_vector a) const { return NonzeroSide(rules.zero_limit, a); }

  void Run(pam_class c, const tile_arguments& t, std::int64_t rows, int vectors) const {
    if (c == pam_class::full) {
      if (policies.subnormals == subnormal_policy::gradual) {
        RunTiles(full_slope_step<true, FactorOnLeft>(policies), t, rows, vectors);
      } else {
        RunTiles(full_slope_step<false, FactorOnLeft>(policies), t, rows, vectors);
      }
    } else if (c == pam_class::zeros) {
      RunTiles(slope_step<FactorOnLeft, true>(policies, rules), t, rows, vectors);
    } else {
      RunTiles(slope_step<FactorOnLeft, false>(policies, rules), t, rows, vectors);
    }
  }
};

template <contraction_kind Kind>
void ContractSlopes(const policy<binary32>& p, const contraction_problem& c) {
  if (factor_on_left(Kind, c)) {
    Contract(Kind, c, [&](const arrangement&) { return slope_family<true>(p); });
  } else {
    Contract(Kind, c, [&](const arrangement&) { return slope_family<false>(p); });
  }
}

void PamSlopeArranged(const policy<binary32>& p, const arrangement& a) {
  const detail::default_float_environment environment;
  if (a.factor_on_left) {
    ContractArranged(slope_family<true>(p), a, thread_workspace());
  } else {
    ContractArranged(slope_family<false>(p), a, thread_workspace());
  }
}

contraction_function PamSlopes(contraction_kind kind) {
  return kind == contraction_kind::vjp_a ? ContractSlopes<contraction_kind::vjp_a>
                                         : ContractSlopes<contraction_kind::vjp_b>;
}

#else

contraction_function PamSlopes(contraction_kind) { return nullptr; }
void PamSlopeArranged(const policy<binary32>&, const arrangement&) {}

#endif
}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pamkit::simd {

HWY_EXPORT(PamSlopes);
HWY_EXPORT(PamSlopeArranged);

void pam_slope_arranged(const policy<binary32>& rules, const arrangement& a) {
  HWY_DYNAMIC_DISPATCH(PamSlopeArranged)(rules, a);
}

contraction_function pam_slope_contraction(contraction_kind kind) {
  return HWY_DYNAMIC_DISPATCH(PamSlopes)(kind);
}

}  // namespace pamkit::simd
#endif
