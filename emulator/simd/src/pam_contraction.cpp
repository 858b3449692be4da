// Contractions of the piecewise affine family with products as terms: pam, l_mul and power_of_two.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pam_contraction.cpp"
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

// The right operand's encodings are packed with ONE - compensation subtracted, so that one addition
// makes the product (see pam_classes.hpp).

struct plain_step : step_defaults {
  HWY_INLINE no_operand Own(float_vector) const { return {}; }
  HWY_INLINE integer_vector Column(float_vector b) const { return AsIntegers(b); }
  HWY_INLINE integer_vector Row(float_vector a) const { return AsIntegers(a); }
  HWY_INLINE float_vector Accumulate(float_vector sum, integer_vector row, integer_vector column,
                                     no_operand) const {
    return hn::Add(sum, AsFloats(hn::Add(row, column)));
  }
};

template <bool LeftZeros, bool RightZeros>
struct zeros_step : step_defaults {
  static constexpr int kSideCount = LeftZeros ? 1 : 0;
  // Masks of columns are two registers more.
  static constexpr bool kTall = !RightZeros || PAMKIT_SIMD_MASK_REGISTERS != 0;
  zero_masks<LeftZeros, RightZeros> masks;

  explicit HWY_INLINE zeros_step(const packing_rules& p) : masks(p) {}

  HWY_INLINE no_operand Own(float_vector) const { return {}; }
  HWY_INLINE auto Column(float_vector b) const { return masks.Column(b); }
  template <class... Side>
  HWY_INLINE auto Row(float_vector a, Side... side) const {
    return masks.Row(a, side...);
  }
  template <class RowType, class ColumnType>
  HWY_INLINE float_vector Accumulate(float_vector sum, const RowType& row, const ColumnType& column,
                                     no_operand) const {
    return masks.Add(sum, hn::Add(row.bits, column.bits), row, column);
  }
};

/// Leaves out terms where mag(b) does not exceed the limit packed for a.
struct underflow_step : step_defaults {
  static constexpr int kSideCount = 1;
  static constexpr bool kTall = PAMKIT_SIMD_MASK_REGISTERS != 0;
  integer_vector bias;

  struct row_type {
    integer_vector bits;
    integer_vector limit;
  };
  struct column_type {
    integer_vector bits;
    integer_vector magnitude;
  };
  explicit HWY_INLINE underflow_step(const packing_rules& p) : bias(Integers(p.right_bias)) {}

  HWY_INLINE no_operand Own(float_vector) const { return {}; }
  HWY_INLINE column_type Column(float_vector b) const {
    const integer_vector bits = AsIntegers(b);
    return {bits, MagnitudeOf(hn::Add(bits, bias))};
  }
  HWY_INLINE row_type Row(float_vector a, float_vector limit) const {
    return {AsIntegers(a), AsIntegers(limit)};
  }
  HWY_INLINE float_vector Accumulate(float_vector sum, const row_type& row,
                                     const column_type& column, no_operand) const {
    return AddWhere(hn::Gt(column.magnitude, row.limit), sum, hn::Add(row.bits, column.bits));
  }
};

/// Underflow as above. Past MAX: r grows with mag(b), so that cutting mag(b) to the cap packed for
/// a cuts r to the magnitude that the policy gives, and the sum of magnitudes stays below 2^31.
/// Then the sign of b is one xor; that of a is in the addition.
struct overflow_step : step_defaults {
  static constexpr int kSideCount = 2;
  static constexpr bool kTall = false;
  integer_vector bias;

  struct row_type {
    integer_vector bits;  ///< the encoding, bias subtracted
    integer_vector limit;
    integer_vector cap;
  };
  struct column_type {
    integer_vector magnitude;
    integer_vector sign;
  };
  explicit HWY_INLINE overflow_step(const packing_rules& p) : bias(Integers(p.right_bias)) {}

  HWY_INLINE no_operand Own(float_vector) const { return {}; }
  HWY_INLINE column_type Column(float_vector b) const {
    const integer_vector bits = hn::Add(AsIntegers(b), bias);
    return {MagnitudeOf(bits), SignOf(bits)};
  }
  HWY_INLINE row_type Row(float_vector a, float_vector limit, float_vector cap) const {
    return {hn::Sub(AsIntegers(a), bias), AsIntegers(limit), AsIntegers(cap)};
  }
  HWY_INLINE float_vector Accumulate(float_vector sum, const row_type& row,
                                     const column_type& column, no_operand) const {
    const integer_vector cut = hn::Add(row.bits, hn::Min(column.magnitude, row.cap));
    return AddWhere(hn::Gt(column.magnitude, row.limit), sum, hn::Xor(cut, column.sign));
  }
  // Infinite terms of both signs make a NaN.
  static HWY_INLINE float_vector Finish(float_vector sum, no_operand) { return Canonical(sum); }
};

template <bool Gradual, rounded_operand Rounded>
struct full_step : step_defaults {
  using lanes = pam_lanes<Gradual>;
  static constexpr int kVectors = kMaxVectors;
  static constexpr bool kTall = false;  // a row needs seven registers, a column three
  lanes rules;

  explicit HWY_INLINE full_step(const policy<binary32>& p) : rules(p) {}

  HWY_INLINE no_operand Own(float_vector) const { return {}; }
  HWY_INLINE auto Column(float_vector b) const {
    return rules.template Second<Rounded>(AsIntegers(b));
  }
  HWY_INLINE auto Row(float_vector a) const { return rules.template First<Rounded>(AsIntegers(a)); }
  HWY_INLINE float_vector Accumulate(float_vector sum, const typename lanes::first_operand& row,
                                     const typename lanes::second_operand& column,
                                     no_operand) const {
    return hn::Add(sum, AsFloats(rules.Product(row, column)));
  }
  static HWY_INLINE float_vector Finish(float_vector sum, no_operand) { return Canonical(sum); }
};

/// Products of the family; Rounds says that the factor is rounded to a power of two, and never
/// compensated.
template <bool Rounds>
struct pam_family {
  static constexpr bool kHasOwn = false;
  policy<binary32> policies;
  packing_rules rules;

  struct class_type {
    pam_class kind;
    bool left_zeros;
    bool right_zeros;
  };

  pam_family(const policy<binary32>& p, const arrangement& a)
      : policies(Rounds ? p.uncompensated() : p) {
    rules.gather = true;
    rules.zero_limit = zero_limit(p);
    rules.right_bias = kOne - policies.compensation;
    rules.round_left = Rounds && a.factor_on_left;
    rules.round_right = Rounds && !a.factor_on_left;
  }

  class_type Class(const magnitude_range& left, const magnitude_range& right) const {
    return {classify(policies, left, right), left.has_zero, right.has_zero};
  }
  static bool ReadsRaw(const class_type& c) { return c.kind == pam_class::full; }

  enum side : std::uint8_t { limit, cap, nonzero };
  static constexpr int kSideKinds = 3;
  static side_list Sides(const class_type& c) {
    switch (c.kind) {
      case pam_class::zeros:
        return {.count = c.left_zeros ? 1 : 0, .index = {nonzero}};
      case pam_class::underflow:
        return {.count = 1, .index = {limit}};
      case pam_class::overflow:
        return {.count = 2, .index = {limit, cap}};
      case pam_class::plain:
      case pam_class::full:
        break;
    }
    return {};
  }

  integer_vector Side(int which, integer_vector a) const {
    switch (which) {
      case limit:
        return Limit(a);
      case cap:
        return Cap(a);
      default:
        return NonzeroSide(rules.zero_limit, a);
    }
  }

  /// r >= MIN where mag(b) > MIN - 1 + ONE - compensation - mag(a); b itself must not be a zero;
  /// nothing exceeds the limit of a zero.
  integer_vector Limit(integer_vector a) const {
    const integer_vector m = MagnitudeOf(a);
    const integer_vector limit =
        hn::Max(hn::Sub(Integers(kMin - 1 + rules.right_bias), m), Integers(kMin - 1));
    return hn::IfThenElse(hn::Lt(m, Integers(kMin)), Integers(kMagnitude), limit);
  }

  /// The mag(b) that makes r the magnitude of an overflow (MAX + 1 is infinity's), or 2^31 - 1 if
  /// none does. The difference is in [0, 2^32) and unsigned.
  integer_vector Cap(integer_vector a) const {
    const words d;
    const std::int32_t overflowed = policies.overflow == overflow_policy::saturate ? kMax : kInf;
    const word_vector reaches = hn::Set(
        d, static_cast<std::uint32_t>(overflowed) + static_cast<std::uint32_t>(rules.right_bias));
    const word_vector cap = hn::Sub(reaches, hn::BitCast(d, MagnitudeOf(a)));
    return hn::BitCast(integers(), hn::Min(cap, hn::Set(d, std::uint32_t{kMagnitude})));
  }

  void Run(const class_type& c, const tile_arguments& t, std::int64_t rows, int vectors) const {
    switch (c.kind) {
      case pam_class::plain:
        RunTiles(plain_step(), t, rows, vectors);
        break;
      case pam_class::zeros:
        if (c.left_zeros && c.right_zeros) {
          RunTiles(zeros_step<true, true>(rules), t, rows, vectors);
        } else if (c.left_zeros) {
          RunTiles(zeros_step<true, false>(rules), t, rows, vectors);
        } else {
          RunTiles(zeros_step<false, true>(rules), t, rows, vectors);
        }
        break;
      case pam_class::underflow:
        RunTiles(underflow_step(rules), t, rows, vectors);
        break;
      case pam_class::overflow:
        RunTiles(overflow_step(rules), t, rows, vectors);
        break;
      case pam_class::full:
        RunFull(t, rows, vectors);
        break;
    }
  }

  void RunFull(const tile_arguments& t, std::int64_t rows, int vectors) const {
    const bool gradual = policies.subnormals == subnormal_policy::gradual;
    if constexpr (Rounds) {
      if (rules.round_left) {
        RunFullRounding<rounded_operand::first>(gradual, t, rows, vectors);
      } else {
        RunFullRounding<rounded_operand::second>(gradual, t, rows, vectors);
      }
    } else {
      RunFullRounding<rounded_operand::none>(gradual, t, rows, vectors);
    }
  }

  template <rounded_operand Rounded>
  void RunFullRounding(bool gradual, const tile_arguments& t, std::int64_t rows,
                       int vectors) const {
    if (gradual) {
      RunTiles(full_step<true, Rounded>(policies), t, rows, vectors);
    } else {
      RunTiles(full_step<false, Rounded>(policies), t, rows, vectors);
    }
  }
};

template <bool Rounds, contraction_kind Kind>
void ContractProducts(const policy<binary32>& p, const contraction_problem& c) {
  Contract(Kind, c, [&](const arrangement& a) { return pam_family<Rounds>(p, a); });
}

template <bool Rounds>
contraction_function Products(contraction_kind kind) {
  switch (kind) {
    case contraction_kind::product:
      return ContractProducts<Rounds, contraction_kind::product>;
    case contraction_kind::vjp_a:
      return ContractProducts<Rounds, contraction_kind::vjp_a>;
    case contraction_kind::vjp_b:
      return ContractProducts<Rounds, contraction_kind::vjp_b>;
  }
  return nullptr;
}

template <bool Rounds>
void ArrangedProducts(const policy<binary32>& p, const arrangement& a) {
  const detail::default_float_environment environment;
  ContractArranged(pam_family<Rounds>(p, a), a, thread_workspace());
}
void PamArranged(const policy<binary32>& p, const arrangement& a) { ArrangedProducts<false>(p, a); }
void PowerOfTwoArranged(const policy<binary32>& p, const arrangement& a) {
  ArrangedProducts<true>(p, a);
}

contraction_function PamProducts(contraction_kind kind) { return Products<false>(kind); }
contraction_function PowerOfTwoProducts(contraction_kind kind) { return Products<true>(kind); }

#else

contraction_function PamProducts(contraction_kind) { return nullptr; }
contraction_function PowerOfTwoProducts(contraction_kind) { return nullptr; }
void PamArranged(const policy<binary32>&, const arrangement&) {}
void PowerOfTwoArranged(const policy<binary32>&, const arrangement&) {}

#endif
}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pamkit::simd {

HWY_EXPORT(PamProducts);
HWY_EXPORT(PowerOfTwoProducts);
HWY_EXPORT(PamArranged);
HWY_EXPORT(PowerOfTwoArranged);

void pam_arranged(contraction_kind kind, derivative gradient, const policy<binary32>& rules,
                  const arrangement& a) {
  if (kind != contraction_kind::product && gradient == derivative::exact) {
    pam_slope_arranged(rules, a);
  } else {
    HWY_DYNAMIC_DISPATCH(PamArranged)(rules, a);
  }
}

void power_of_two_arranged(contraction_kind, derivative, const policy<binary32>& rules,
                           const arrangement& a) {
  HWY_DYNAMIC_DISPATCH(PowerOfTwoArranged)(rules, a);
}

contraction_function pam_contraction(contraction_kind kind, derivative gradient) {
  if (kind != contraction_kind::product && gradient == derivative::exact) {
    return pam_slope_contraction(kind);
  }
  return HWY_DYNAMIC_DISPATCH(PamProducts)(kind);
}

contraction_function power_of_two_contraction(contraction_kind kind, derivative) {
  return HWY_DYNAMIC_DISPATCH(PowerOfTwoProducts)(kind);
}

}  // namespace pamkit::simd
#endif
