// Contractions of the comparators that compute with IEEE 754 operations: exact and adder.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ieee_contraction.cpp"
#include <hwy/foreach_target.h>
// clang-format off
#include "contraction-inl.hpp"
// clang-format on
#include "kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {
#if PAMKIT_SIMD_HAS_KERNELS

struct ieee_step : step_defaults {
  HWY_INLINE no_operand Own(float_vector) const { return {}; }
  HWY_INLINE float_vector Column(float_vector b) const { return b; }
  HWY_INLINE float_vector Row(float_vector a) const { return a; }
  static HWY_INLINE float_vector Finish(float_vector sum, no_operand) { return Canonical(sum); }
};

/// The IEEE product, then the sum: two roundings.
struct exact_step : ieee_step {
  HWY_INLINE float_vector Accumulate(float_vector sum, float_vector row, float_vector column,
                                     no_operand) const {
    return hn::Add(sum, hn::Mul(row, column));
  }
};

/// As exact_step; a product of finite operands that overflows is the largest finite value.
struct exact_saturating_step : ieee_step {
  static constexpr int kVectors = 2;
  static constexpr bool kTall = false;
  HWY_INLINE float_vector Accumulate(float_vector sum, float_vector row, float_vector column,
                                     no_operand) const {
    return hn::Add(sum, Saturated(row, column));
  }
  static HWY_INLINE float_vector Saturated(float_vector a, float_vector b) {
    const integer_vector product = AsIntegers(hn::Mul(a, b));
    const integer_mask overflowed = hn::And(
        hn::Eq(MagnitudeOf(product), Integers(kInf)),
        hn::Lt(hn::Max(MagnitudeOf(AsIntegers(a)), MagnitudeOf(AsIntegers(b))), Integers(kInf)));
    // MAX is one unit below infinity.
    return AsFloats(hn::IfThenElse(overflowed, hn::Sub(product, Integers(1)), product));
  }
};

/// -abs(RN(a - b)).
struct adder_step : ieee_step {
  HWY_INLINE float_vector Accumulate(float_vector sum, float_vector row, float_vector column,
                                     no_operand) const {
    return hn::Sub(sum, hn::Abs(hn::Sub(row, column)));
  }
};

struct ieee_own_step : step_defaults {
  static constexpr bool kHasOwn = true;
  HWY_INLINE float_vector Own(float_vector own) const { return own; }
  HWY_INLINE float_vector Column(float_vector b) const { return b; }
  HWY_INLINE float_vector Row(float_vector a) const { return a; }
  static HWY_INLINE float_vector Finish(float_vector sum, float_vector) { return Canonical(sum); }
};

/// Input: RN(d clip(RN(b - a), -1, 1)), NaN kept; a is the output's own.
template <bool FactorOnLeft>
struct adder_input_step : ieee_own_step {
  HWY_INLINE float_vector Accumulate(float_vector sum, float_vector row, float_vector column,
                                     float_vector own) const {
    const float_vector d = FactorOnLeft ? column : row;
    const float_vector slope = hn::Sub(FactorOnLeft ? row : column, own);
    return hn::Add(sum, hn::Mul(d, Clip(slope)));
  }
  static HWY_INLINE float_vector Clip(float_vector x) {
    const float_vector one = hn::Set(floats(), 1.0F);
#if HWY_ARCH_X86
    // If one operand is a NaN, x86's minimum and maximum are the second one.
    return hn::Min(one, hn::Max(hn::Neg(one), x));
#else
    return hn::IfThenElse(hn::Gt(hn::Abs(x), one), hn::CopySign(one, x), x);
#endif
  }
};

/// Weight: RN(d RN(a - b)); b is the output's own.
template <bool FactorOnLeft>
struct adder_weight_step : ieee_own_step {
  HWY_INLINE float_vector Accumulate(float_vector sum, float_vector row, float_vector column,
                                     float_vector own) const {
    const float_vector d = FactorOnLeft ? column : row;
    return hn::Add(sum, hn::Mul(d, hn::Sub(FactorOnLeft ? row : column, own)));
  }
};

/// One step for every block, operands as they are in memory.
template <class Step>
struct ieee_family {
  static constexpr bool kHasOwn = Step::kHasOwn;
  packing_rules rules;

  struct class_type {};
  static class_type Class(const magnitude_range&, const magnitude_range&) { return {}; }
  static bool ReadsRaw(class_type) { return false; }
  static constexpr int kSideKinds = 0;
  static side_list Sides(class_type) { return {}; }
  static integer_vector Side(int, integer_vector x) { return x; }
  static void Run(class_type, const tile_arguments& t, std::int64_t rows, int vectors) {
    RunTiles(Step(), t, rows, vectors);
  }
};

template <class Step, contraction_kind Kind>
void ContractWith(const contraction_problem& c) {
  Contract(Kind, c, [](const arrangement&) { return ieee_family<Step>(); });
}

template <contraction_kind Kind>
void ContractExact(const policy<binary32>& p, const contraction_problem& c) {
  if (p.overflow == overflow_policy::saturate) {
    ContractWith<exact_saturating_step, Kind>(c);
  } else {
    ContractWith<exact_step, Kind>(c);
  }
}

void ContractAdder(const policy<binary32>&, const contraction_problem& c) {
  ContractWith<adder_step, contraction_kind::product>(c);
}

template <template <bool> class Step, contraction_kind Kind>
void ContractAdderVjp(const policy<binary32>&, const contraction_problem& c) {
  if (factor_on_left(Kind, c)) {
    ContractWith<Step<true>, Kind>(c);
  } else {
    ContractWith<Step<false>, Kind>(c);
  }
}

template <class Step>
void ArrangedWith(const arrangement& a) {
  const detail::default_float_environment environment;
  ContractArranged(ieee_family<Step>(), a, thread_workspace());
}

void ExactArranged(const policy<binary32>& p, const arrangement& a) {
  if (p.overflow == overflow_policy::saturate) {
    ArrangedWith<exact_saturating_step>(a);
  } else {
    ArrangedWith<exact_step>(a);
  }
}

void AdderArranged(contraction_kind kind, const arrangement& a) {
  switch (kind) {
    case contraction_kind::product:
      ArrangedWith<adder_step>(a);
      break;
    case contraction_kind::vjp_a:
      a.factor_on_left ? ArrangedWith<adder_input_step<true>>(a)
                       : ArrangedWith<adder_input_step<false>>(a);
      break;
    case contraction_kind::vjp_b:
      a.factor_on_left ? ArrangedWith<adder_weight_step<true>>(a)
                       : ArrangedWith<adder_weight_step<false>>(a);
      break;
  }
}

contraction_function Exact(contraction_kind kind) {
  switch (kind) {
    case contraction_kind::product:
      return ContractExact<contraction_kind::product>;
    case contraction_kind::vjp_a:
      return ContractExact<contraction_kind::vjp_a>;
    case contraction_kind::vjp_b:
      return ContractExact<contraction_kind::vjp_b>;
  }
  return nullptr;
}

contraction_function Adder(contraction_kind kind) {
  switch (kind) {
    case contraction_kind::product:
      return ContractAdder;
    case contraction_kind::vjp_a:
      return ContractAdderVjp<adder_input_step, contraction_kind::vjp_a>;
    case contraction_kind::vjp_b:
      return ContractAdderVjp<adder_weight_step, contraction_kind::vjp_b>;
  }
  return nullptr;
}

#else

contraction_function Exact(contraction_kind) { return nullptr; }
contraction_function Adder(contraction_kind) { return nullptr; }
void ExactArranged(const policy<binary32>&, const arrangement&) {}
void AdderArranged(contraction_kind, const arrangement&) {}

#endif
}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pamkit::simd {

HWY_EXPORT(Exact);
HWY_EXPORT(Adder);
HWY_EXPORT(ExactArranged);
HWY_EXPORT(AdderArranged);

void exact_arranged(contraction_kind, derivative, const policy<binary32>& rules,
                    const arrangement& a) {
  HWY_DYNAMIC_DISPATCH(ExactArranged)(rules, a);
}

void adder_arranged(contraction_kind kind, derivative, const policy<binary32>&,
                    const arrangement& a) {
  HWY_DYNAMIC_DISPATCH(AdderArranged)(kind, a);
}

contraction_function exact_contraction(contraction_kind kind, derivative) {
  return HWY_DYNAMIC_DISPATCH(Exact)(kind);
}

contraction_function adder_contraction(contraction_kind kind, derivative) {
  return HWY_DYNAMIC_DISPATCH(Adder)(kind);
}

}  // namespace pamkit::simd
#endif
