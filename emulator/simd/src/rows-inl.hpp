// Passes over rows in blocks of 32 elements, the lanes in which rows are summed. Included once per
// instruction set.
//
// What a pass computes is written once, over `steps`: ordinary_steps first, which take a few
// integer additions for each product and notice operands or results that are not normal numbers; a
// block in which they noticed one is computed again by general_steps, for which nothing is special.
#if defined(PAMKIT_SIMD_ROWS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef PAMKIT_SIMD_ROWS_INL_HPP
#undef PAMKIT_SIMD_ROWS_INL_HPP
#else
#define PAMKIT_SIMD_ROWS_INL_HPP
#endif

#include <algorithm>
#include <array>

// clang-format off
#include "lanes-inl.hpp"
#include "pam_lanes-inl.hpp"
// clang-format on
#include "pamkit/detail/layer_steps.hpp"

#if PAMKIT_SIMD_HAS_KERNELS
HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {

inline constexpr std::int64_t kBlock = 32;  // section 11.2
inline constexpr std::int64_t kVectors = kBlock / kLanes;
inline constexpr std::int32_t kLog2E = format_lanes<binary32>::kLog2E;
inline constexpr std::int32_t kLogitOffset = kLog2E - kOne;  // positive: nothing underflows
inline constexpr std::int32_t kLn2 = format_lanes<binary32>::kLn2;
inline constexpr std::int32_t kHalf = format_lanes<binary32>::kHalf;

HWY_INLINE integer_vector LoadWords(const std::uint32_t* p) {
  return hn::BitCast(integers(), hn::LoadU(words(), p));
}
HWY_INLINE void StoreWords(integer_vector x, std::uint32_t* p) {
  hn::StoreU(hn::BitCast(words(), x), words(), p);
}
HWY_INLINE integer_vector Everywhere(detail::word x) {
  return Integers(static_cast<std::int32_t>(std::uint32_t{x.bits}));
}
inline bool IsNormal(detail::word x) {
  const std::uint32_t m = magnitude(x);
  return m >= std::uint32_t{kMin} && m < std::uint32_t{kInf};
}

// ---- Steps

/// Every operand, by the lanes of the arithmetic.
template <bool Gradual>
class general_steps {
 public:
  static constexpr bool is_general = true;
  explicit HWY_INLINE general_steps(const pam_lanes<Gradual>& lanes) : lanes_(lanes) {}

  HWY_INLINE void Operand(integer_vector) {}
  HWY_INLINE integer_vector Mul(integer_vector a, integer_vector b) {
    if constexpr (!Gradual) {
      // Zeros and what is flushed are common; of the rest, numbers that stay in range.
      const integer_vector ma = MagnitudeOf(a);
      const integer_vector mb = MagnitudeOf(b);
      const integer_vector offset = hn::Sub(ma, Integers(kOne));
      const integer_vector high = hn::Sub(Integers(kMax), hn::Max(offset, Integers(-kMin)));
      const integer_mask special =
          hn::Or(hn::Gt(mb, high), hn::Gt(hn::Max(ma, mb), Integers(kMax)));
      if (HWY_LIKELY(hn::AllFalse(integers(), special))) {
        const integer_vector r = hn::Add(offset, mb);
        const integer_mask normal = hn::Gt(hn::Min(hn::Min(ma, mb), r), Integers(kMin - 1));
        return hn::Or(hn::IfThenElseZero(normal, r), SignOf(hn::Xor(a, b)));
      }
    }
    return lanes_.Mul(a, b);
  }
  HWY_INLINE integer_vector Div(integer_vector a, integer_vector b) { return lanes_.Div(a, b); }
  HWY_INLINE integer_vector Exp2(integer_vector x) { return lanes_.Exp2(x); }
  HWY_INLINE integer_vector Log2(integer_vector x) { return lanes_.Log2(x); }
  HWY_INLINE integer_vector MulDa(integer_vector a, integer_vector b) { return lanes_.MulDa(a, b); }
  HWY_INLINE integer_vector DivDa(integer_vector a, integer_vector b) { return lanes_.DivDa(a, b); }
  HWY_INLINE integer_vector DivDb(integer_vector a, integer_vector b) { return lanes_.DivDb(a, b); }
  HWY_INLINE integer_vector Exp2Da(integer_vector x) { return lanes_.Exp2Da(x); }

  /// paexp2(pam(palog2(x), 1/2)); palog2 of a zero is -infinity, so that its root is +0.
  HWY_INLINE integer_vector Sqrt(integer_vector x) {
    return lanes_.Exp2(lanes_.Mul(lanes_.Log2(x), Integers(kHalf)));
  }

  HWY_INLINE integer_vector Add(integer_vector a, integer_vector b) {
    return Canonical(AsIntegers(hn::Add(AsFloats(a), AsFloats(b))));
  }
  HWY_INLINE integer_vector Sub(integer_vector a, integer_vector b) {
    return Canonical(AsIntegers(hn::Sub(AsFloats(a), AsFloats(b))));
  }
  HWY_INLINE integer_vector Negated(integer_vector x) {
    return Canonical(hn::Xor(x, Integers(kSign)));
  }

  /// t = pam(x, log2e) of softmax. Rows are padded and masked with zeros and infinities: these, and
  /// what does not overflow, take the short way.
  HWY_INLINE integer_vector Logit(integer_vector x) {
    const integer_vector m = MagnitudeOf(x);
    const integer_mask infinite = hn::Eq(m, Integers(kInf));
    const integer_mask zero = hn::Eq(m, hn::Zero(integers()));
    const integer_mask normal =
        hn::And(hn::Gt(m, Integers(kMin - 1)), hn::Lt(m, Integers(kInf - kLogitOffset)));
    if (!hn::AllTrue(integers(), hn::Or(normal, hn::Or(infinite, zero)))) {
      return lanes_.Mul(x, Integers(kLog2E));
    }
    return hn::IfThenElse(normal, hn::Add(x, Integers(kLogitOffset)), x);
  }
  /// e = paexp2(z) of softmax, z = t - floor(max t); +0 where t is masked.
  HWY_INLINE integer_vector Exponential(integer_vector t, integer_vector z) {
    return hn::IfThenZeroElse(IsMasked(t), lanes_.Exp2(z));
  }
  /// Quotients by the sum of the exponentials.
  HWY_INLINE integer_vector Share(integer_vector e, integer_vector sum) {
    return lanes_.Div(e, sum);
  }

 private:
  static HWY_INLINE integer_mask IsMasked(integer_vector t) {
    return hn::Eq(t, Integers(kSign | kInf));
  }
  const pam_lanes<Gradual>& lanes_;
};

/// Normal operands with normal results: a product is one addition, whatever the policies. Every
/// operand of Mul, Div and the slopes is given to Operand before, unless it is a result of theirs
/// or known to be normal; operands of Add are finite. Where AreOrdinary() is false in the end, the
/// results mean nothing.
template <bool Gradual>
class ordinary_steps {
 public:
  static constexpr bool is_general = false;
  HWY_INLINE ordinary_steps() : worst_(hn::Zero(words())) {}

  /// Whether operands and results were normal, the latter with `headroom` units to spare.
  HWY_INLINE bool AreOrdinary(std::int32_t headroom) const {
    // Not every instruction set compares unsigned words.
    const word_vector limit = hn::Set(words(), static_cast<std::uint32_t>(kMax - kMin - headroom));
    return hn::AllTrue(words(), hn::Eq(hn::Max(worst_, limit), limit));
  }

  HWY_INLINE void Operand(integer_vector x) { Take(MagnitudeOf(x)); }

  HWY_INLINE integer_vector Mul(integer_vector a, integer_vector b) {
    // -2^30 < r < 3 2^30, and modulo 2^32 all that is not normal is past MAX - MIN above MIN.
    Take(hn::Add(hn::Sub(MagnitudeOf(a), Integers(kOne)), MagnitudeOf(b)));
    return hn::Add(hn::Sub(a, Integers(kOne)), b);  // the signs add without a carry from below
  }
  HWY_INLINE integer_vector Div(integer_vector a, integer_vector b) {
    Take(hn::Add(hn::Sub(MagnitudeOf(a), MagnitudeOf(b)), Integers(kOne)));
    return hn::Add(hn::Sub(a, b), Integers(kOne));
  }
  HWY_INLINE integer_vector Exp2(integer_vector x) {
    // Below 126 in magnitude every result is normal; subnormal x give 1 under either policy.
    constexpr std::int32_t below_126 = 0x42fbffff;
    Take(hn::Add(MagnitudeOf(x), Integers(kMax - below_126)));
    return PowerNear(x);
  }
  HWY_INLINE integer_vector Log2(integer_vector x) {
    Take(x);  // a sign bit is past MAX as well
    const integer_vector r = hn::Sub(x, Integers(kOne));
    const integer_vector converted = AsIntegers(hn::ConvertTo(floats(), r));
    return hn::IfThenZeroElse(hn::Eq(r, hn::Zero(integers())),
                              hn::Sub(converted, Integers(23 * kMin)));
  }

  HWY_INLINE integer_vector Sqrt(integer_vector x) {
    const integer_vector l = Log2(x);
    Operand(l);  // it is 0 at 1
    return Exp2(Mul(l, Integers(kHalf)));
  }

  // The exponent of a product or quotient less that of an operand is the slope's.
  HWY_INLINE integer_vector MulDa(integer_vector a, integer_vector b) {
    return Slope(Mul(MagnitudeOf(a), MagnitudeOf(b)), a, SignOf(b));
  }
  HWY_INLINE integer_vector DivDa(integer_vector a, integer_vector b) {
    return Slope(Div(MagnitudeOf(a), MagnitudeOf(b)), a, SignOf(b));
  }
  HWY_INLINE integer_vector DivDb(integer_vector a, integer_vector b) {
    return Slope(Div(MagnitudeOf(a), MagnitudeOf(b)), b, hn::Xor(SignOf(a), Integers(kSign)));
  }
  /// x is no subnormal number, which a difference of t and an integer never is under `flush`.
  HWY_INLINE integer_vector Exp2Da(integer_vector x) {
    constexpr std::int32_t below_126 = 0x42fbffff;
    Take(hn::Add(MagnitudeOf(x), Integers(kMax - below_126)));
    const integer_vector whole = hn::ConvertTo(integers(), hn::Floor(AsFloats(x)));
    return hn::Add(hn::ShiftLeft<23>(whole), Integers(kOne));
  }

  HWY_INLINE integer_vector Add(integer_vector a, integer_vector b) {
    return AsIntegers(hn::Add(AsFloats(a), AsFloats(b)));
  }
  HWY_INLINE integer_vector Sub(integer_vector a, integer_vector b) {
    return AsIntegers(hn::Sub(AsFloats(a), AsFloats(b)));
  }
  HWY_INLINE integer_vector Negated(integer_vector x) { return hn::Xor(x, Integers(kSign)); }

  /// Masked elements are ordinary too. Needs a headroom of kLogitOffset.
  HWY_INLINE integer_vector Logit(integer_vector x) {
    const integer_mask masked = hn::Eq(x, Integers(kSign | kInf));
    const integer_vector present = hn::IfThenElse(masked, Integers(kOne), x);
    Operand(present);
    return hn::IfThenElse(masked, x, hn::Add(present, Integers(kLogitOffset)));
  }

  /// z is below 2 and no NaN; -infinity where t is masked.
  HWY_INLINE integer_vector Exponential(integer_vector, integer_vector z) {
    // From 1 on z 2^23 is an integer: z < -126 is r < MIN. What is far below is converted to
    // anything.
    return ZeroBelow(PowerNear(z), AsFloats(z), -126.0F, -151.0F);
  }

  /// e is a zero or a normal number up to 4, `sum` normal and not below 1, so that -2^30 < r.
  HWY_INLINE integer_vector Share(integer_vector e, integer_vector sum) {
    const integer_vector r = hn::Add(e, hn::Sub(Integers(kOne), sum));
    const integer_mask zero = hn::Eq(e, hn::Zero(integers()));
    if constexpr (Gradual) {
      Take(hn::IfThenElse(zero, Integers(kMin), r));
      return hn::IfThenZeroElse(zero, r);
    } else {
      // As floats negative r are negative numbers, -infinity or no numbers.
      const float_mask normal = hn::Ge(AsFloats(r), AsFloats(Integers(kMin)));
      return hn::IfThenElseZero(hn::RebindMask(integers(), normal), r);
    }
  }

 private:
  HWY_INLINE void Take(integer_vector r) {
    worst_ = hn::Max(worst_, hn::BitCast(words(), hn::Sub(r, Integers(kMin))));
  }

  /// ONE + x 2^23 rounded, where |x| < 256. Zeros and subnormal numbers become numbers far below
  /// 1/2.
  static HWY_INLINE integer_vector PowerNear(integer_vector x) {
    return hn::Add(NearestInRange(AsFloats(hn::Add(x, Integers(23 * kMin)))), Integers(kOne));
  }

  /// r, but a zero where z < flushed; under gradual underflow where z < vanished, and between the
  /// two it is not ordinary.
  HWY_INLINE integer_vector ZeroBelow(integer_vector r, float_vector z, float flushed,
                                      float vanished) {
    const float_vector bound = hn::Set(floats(), Gradual ? vanished : flushed);
    const integer_mask zero = hn::RebindMask(integers(), hn::Lt(z, bound));
    if constexpr (Gradual) Take(hn::IfThenElse(zero, Integers(kMin), r));
    return hn::IfThenZeroElse(zero, r);
  }

  HWY_INLINE integer_vector Slope(integer_vector r, integer_vector own, integer_vector sign) {
    const integer_vector exponents = Integers(kInf);
    const integer_vector slope =
        hn::Add(hn::Sub(hn::And(r, exponents), hn::And(own, exponents)), Integers(kOne));
    Take(slope);
    return hn::Or(slope, sign);
  }

  word_vector worst_;  ///< greatest magnitude - MIN, unsigned
};

// ---- Vjps of steps: pamkit/detail/layer_steps.hpp on vectors

template <derivative Gradient, class Steps>
HWY_INLINE integer_vector MulVjpA(Steps& s, integer_vector a, integer_vector b, integer_vector d) {
  if constexpr (Gradient == derivative::exact) return s.Mul(d, s.MulDa(a, b));
  return s.Mul(d, b);
}

/// Towards one factor of pam(x, x) and the other: the same twice.
template <derivative Gradient, class Steps>
HWY_INLINE integer_vector SquareVjp(Steps& s, integer_vector x, integer_vector d) {
  const integer_vector once = MulVjpA<Gradient>(s, x, x, d);
  return s.Add(once, once);
}

/// `inverse` is pad(1, b).
template <derivative Gradient, class Steps>
HWY_INLINE integer_vector DivVjpA(Steps& s, integer_vector a, integer_vector b,
                                  integer_vector inverse, integer_vector d) {
  if constexpr (Gradient == derivative::exact) return s.Mul(d, s.DivDa(a, b));
  return s.Mul(inverse, d);
}

template <derivative Gradient, class Steps>
HWY_INLINE integer_vector DivVjpB(Steps& s, integer_vector a, integer_vector b, integer_vector d) {
  if constexpr (Gradient == derivative::exact) return s.Mul(d, s.DivDb(a, b));
  return s.Negated(s.Mul(s.Div(s.Div(a, b), b), d));
}

/// Of e = paexp2(z).
template <derivative Gradient, class Steps>
HWY_INLINE integer_vector Exp2Vjp(Steps& s, integer_vector z, integer_vector e, integer_vector d) {
  if constexpr (Gradient == derivative::exact) return s.Mul(d, s.Exp2Da(z));
  return s.Mul(s.Mul(e, Integers(kLn2)), d);
}

/// The sum of a vector's lanes: halves are added to each other.
template <class D>
HWY_INLINE float SumOfHalves(D d, hn::Vec<D> x) {
  if constexpr (hn::MaxLanes(D()) > 4) {
    const hn::Half<D> half;
    return SumOfHalves(half, hn::Add(hn::LowerHalf(half, x), hn::UpperHalf(half, x)));
  } else {
    const auto pairs = hn::Add(x, hn::Shuffle1032(x));
    return hn::GetLane(hn::Add(pairs, hn::Shuffle2301(pairs)));
  }
}

// ---- Reductions: what becomes of the terms of a pass

struct no_terms {
  HWY_INLINE void Take(std::int64_t, float_vector) {}
  HWY_INLINE void TakeFirst(std::int64_t, float_vector, float_mask) {}
  HWY_INLINE float_vector Admit(float_vector x) { return x; }
};

/// 32 sums. A NaN stays one, so that it can wait to be made canonical.
class lane_sums {
 public:
  HWY_INLINE lane_sums() {
    PAMKIT_UNROLL
    for (std::int64_t v = 0; v < kVectors; ++v) lanes_[v] = hn::Zero(floats());
  }
  HWY_INLINE void Take(std::int64_t v, float_vector term) { lanes_[v] = hn::Add(lanes_[v], term); }
  /// Lanes outside of the mask gain +0, which changes none: a lane is never -0.
  HWY_INLINE void TakeFirst(std::int64_t v, float_vector term, float_mask mask) {
    Take(v, hn::IfThenElseZero(mask, term));
  }
  HWY_INLINE float_vector Admit(float_vector x) { return x; }

  HWY_INLINE detail::word Total() const {
    float_vector joined[kVectors];
    PAMKIT_UNROLL
    for (std::int64_t v = 0; v < kVectors; ++v) joined[v] = lanes_[v];
    PAMKIT_UNROLL
    for (std::int64_t apart = kVectors / 2; apart > 0; apart /= 2) {
      PAMKIT_UNROLL
      for (std::int64_t v = 0; v < apart; ++v) joined[v] = hn::Add(joined[v], joined[v + apart]);
    }
    return detail::canonical(std::bit_cast<std::uint32_t>(SumOfHalves(floats(), joined[0])));
  }

 private:
  float_vector lanes_[kVectors];
};

/// The greatest term; NaN if one is. Among zeros either sign.
class lane_maximum {
 public:
  HWY_INLINE lane_maximum() {
    PAMKIT_UNROLL
    for (std::int64_t v = 0; v < kVectors; ++v) lanes_[v] = AsFloats(Integers(kSign | kInf));
  }
  HWY_INLINE void Take(std::int64_t v, float_vector term) { lanes_[v] = hn::Max(lanes_[v], term); }
  HWY_INLINE void TakeFirst(std::int64_t v, float_vector term, float_mask mask) {
    Take(v, hn::IfThenElse(mask, term, AsFloats(Integers(kSign | kInf))));
  }
  /// A NaN, which only a block that is not ordinary has, is kept aside.
  HWY_INLINE float_vector Admit(float_vector x) {
    const float_mask nan = hn::IsNaN(x);
    has_nan_ |= !hn::AllFalse(floats(), nan);
    return hn::IfThenElse(nan, AsFloats(Integers(kSign | kInf)), x);
  }

  HWY_INLINE detail::word Total() const {
    if (has_nan_) return canonical_nan<binary32>();
    float_vector greatest = lanes_[0];
    PAMKIT_UNROLL
    for (std::int64_t v = 1; v < kVectors; ++v) greatest = hn::Max(greatest, lanes_[v]);
    return {std::bit_cast<std::uint32_t>(hn::GetLane(hn::MaxOfLanes(floats(), greatest)))};
  }

 private:
  float_vector lanes_[kVectors];
  bool has_nan_ = false;
};

// ---- Passes

/// Where a pass reads and writes: rows of the same length. An output may be an input.
template <int Inputs, int Outputs>
struct pass_rows {
  std::array<const std::uint32_t*, Inputs> in;
  std::array<std::uint32_t*, Outputs> out;

  pass_rows From(std::int64_t i) const {
    pass_rows rest = *this;
    for (auto& p : rest.in) p += i;
    for (auto& p : rest.out) p += i;
    return rest;
  }
};

/// What a pass computes. A derived struct has
///   template <class Steps>
///   float_vector operator()(Steps& s, const integer_vector* in, integer_vector* out) const
/// which gives the term of the reduction.
template <bool Gradual, int Inputs, int Outputs>
struct pass_operation {
  static constexpr bool gradual = Gradual;
  static constexpr int inputs = Inputs;
  static constexpr int outputs = Outputs;
  static constexpr std::int32_t headroom = 0;
  using rows = pass_rows<Inputs, Outputs>;
};

template <int Outputs>
struct general_block {
  alignas(64) std::uint32_t out[std::max(Outputs, 1)][kBlock];
  alignas(64) float terms[kBlock];
};

/// One block, whatever its operands are.
template <class Operation>
HWY_NOINLINE void ComputeGeneral(const Operation& operation,
                                 const pam_lanes<Operation::gradual>& lanes,
                                 const typename Operation::rows& rows,
                                 general_block<Operation::outputs>& block) {
  general_steps<Operation::gradual> steps(lanes);
  for (std::int64_t i = 0; i < kBlock; i += kLanes) {
    integer_vector in[Operation::inputs];
    integer_vector out[std::max(Operation::outputs, 1)];
    for (int k = 0; k < Operation::inputs; ++k) in[k] = LoadWords(rows.in[k] + i);
    hn::Store(operation(steps, in, out), floats(), block.terms + i);
    for (int k = 0; k < Operation::outputs; ++k) StoreWords(out[k], block.out[k] + i);
  }
}

/// One block of ordinary operands; false, and nothing is stored, where one is not.
template <class Operation>
HWY_INLINE bool ComputeOrdinary(const Operation& operation, const typename Operation::rows& rows,
                                const std::array<std::uint32_t*, Operation::outputs>& to,
                                float_vector* terms) {
  constexpr int kOutputs = Operation::outputs;
  integer_vector out[kVectors][std::max(kOutputs, 1)];
  ordinary_steps<Operation::gradual> steps;
  PAMKIT_UNROLL
  for (std::int64_t v = 0; v < kVectors; ++v) {
    integer_vector in[Operation::inputs];
    for (int k = 0; k < Operation::inputs; ++k) in[k] = LoadWords(rows.in[k] + v * kLanes);
    terms[v] = operation(steps, in, out[v]);
  }
  if (HWY_UNLIKELY(!steps.AreOrdinary(Operation::headroom))) return false;
  PAMKIT_UNROLL
  for (std::int64_t v = 0; v < kVectors; ++v) {
    for (int k = 0; k < kOutputs; ++k) {
      StoreWords(out[v][k], to[static_cast<std::size_t>(k)] + v * kLanes);
    }
  }
  return true;
}

/// The last `count` elements of a row, with copies of the very last one behind them; gives the
/// terms.
template <class Operation>
HWY_NOINLINE void ComputeLast(const Operation& operation,
                              const pam_lanes<Operation::gradual>& lanes, bool may_be_ordinary,
                              const typename Operation::rows& rows, std::int64_t count,
                              general_block<Operation::outputs>& block) {
  alignas(64) std::uint32_t words[Operation::inputs][kBlock];
  typename Operation::rows copy;
  for (std::size_t k = 0; k < Operation::inputs; ++k) {
    std::copy_n(rows.in[k], count, words[k]);
    std::fill(words[k] + count, words[k] + kBlock, rows.in[k][count - 1]);
    copy.in[k] = words[k];
  }
  for (std::size_t k = 0; k < Operation::outputs; ++k) copy.out[k] = block.out[k];
  float_vector terms[kVectors];
  if (may_be_ordinary && ComputeOrdinary(operation, copy, copy.out, terms)) {
    PAMKIT_UNROLL
    for (std::int64_t v = 0; v < kVectors; ++v) {
      hn::Store(terms[v], floats(), block.terms + v * kLanes);
    }
  } else {
    ComputeGeneral(operation, lanes, copy, block);
  }
  for (std::size_t k = 0; k < Operation::outputs; ++k) {
    std::copy_n(block.out[k], count, rows.out[k]);
  }
}

/// A row of n elements. `may_be_ordinary` is false where a constant of the operation is not normal.
template <class Operation, class Reduction>
HWY_INLINE void Pass(const Operation& given, const pam_lanes<Operation::gradual>& lanes,
                     bool may_be_ordinary, const typename Operation::rows& rows, std::int64_t n,
                     Reduction& reduction) {
  const Operation operation = given;
  std::int64_t i = 0;
  while (true) {
    // Runs of ordinary blocks, without a call in between that would take the registers.
    if (may_be_ordinary) {
      const Operation in_registers = operation;
      for (; i + kBlock <= n; i += kBlock) {
        float_vector terms[kVectors];
        const typename Operation::rows at = rows.From(i);
        if (!ComputeOrdinary(in_registers, at, at.out, terms)) break;
        PAMKIT_UNROLL
        for (std::int64_t v = 0; v < kVectors; ++v) reduction.Take(v, terms[v]);
      }
    }
    if (i + kBlock > n) break;
    general_block<Operation::outputs> block;
    ComputeGeneral(operation, lanes, rows.From(i), block);
    PAMKIT_UNROLL
    for (std::int64_t v = 0; v < kVectors; ++v) {
      reduction.Take(v, reduction.Admit(hn::Load(floats(), block.terms + v * kLanes)));
    }
    for (std::size_t k = 0; k < Operation::outputs; ++k) {
      std::copy_n(block.out[k], kBlock, rows.out[k] + i);
    }
    i += kBlock;
  }
  if (i == n) return;
  general_block<Operation::outputs> block;
  ComputeLast(operation, lanes, may_be_ordinary, rows.From(i), n - i, block);
  for (std::int64_t v = 0; v < kVectors; ++v) {
    const std::int64_t count = std::clamp<std::int64_t>(n - i - v * kLanes, 0, kLanes);
    reduction.TakeFirst(v, reduction.Admit(hn::Load(floats(), block.terms + v * kLanes)),
                        hn::FirstN(floats(), static_cast<std::size_t>(count)));
  }
}

template <class Operation>
HWY_INLINE void Pass(const Operation& operation, const pam_lanes<Operation::gradual>& lanes,
                     bool may_be_ordinary, const typename Operation::rows& rows, std::int64_t n) {
  no_terms none;
  Pass(operation, lanes, may_be_ordinary, rows, n, none);
}

}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // PAMKIT_SIMD_HAS_KERNELS

#endif
