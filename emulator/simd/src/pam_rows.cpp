// Reductions along rows and what is made of them, over piecewise affine arithmetic in binary32:
// pamkit/detail/layer_steps.hpp on vectors. What a row has only one of is computed by the
// definition.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pam_rows.cpp"
#include <hwy/foreach_target.h>
// clang-format off
#include "rows-inl.hpp"
// clang-format on
#include "kernels.hpp"
#include "pamkit/arith/pam.hpp"
#include "row_layers.hpp"

HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {
#if PAMKIT_SIMD_HAS_KERNELS

using scalar_steps = detail::layer_steps<arith::pam>;
using const_words = const std::uint32_t*;

/// The rules of one call.
template <bool Gradual, derivative Gradient>
struct row_rules {
  static constexpr bool gradual = Gradual;
  static constexpr derivative gradient = Gradient;
  scalar_steps scalar;
  pam_lanes<Gradual> lanes;

  explicit row_rules(const scalar_steps& s) : scalar(s), lanes(s.rules) {}
};

template <derivative Gradient, class Function>
void WithPolicies(const scalar_steps& s, const Function& f) {
  if (s.rules.subnormals == subnormal_policy::gradual) return f(row_rules<true, Gradient>(s));
  f(row_rules<false, Gradient>(s));
}

/// f(rules, first element, row) for every row. What is no vjp has rules of `approx`.
template <derivative Gradient = derivative::approx, class Function>
void EachRow(const scalar_steps& s, row_layout l, const Function& f) {
  WithPolicies<Gradient>(s, [&](const auto& rules) {
    for (std::int64_t r = 0; r < l.rows; ++r) f(rules, r * l.length, r);
  });
}

template <class Function>
void EachVjpRow(const scalar_steps& s, row_layout l, const Function& f) {
  if (s.gradient == derivative::exact) return EachRow<derivative::exact>(s, l, f);
  EachRow<derivative::approx>(s, l, f);
}

// ---- Sums

template <bool Gradual>
struct plain_sum : pass_operation<Gradual, 1, 0> {
  template <class Steps>
  HWY_INLINE float_vector operator()(Steps&, const integer_vector* in, integer_vector*) const {
    return AsFloats(in[0]);
  }
};

template <bool Gradual>
struct square_sum : pass_operation<Gradual, 1, 0> {
  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in, integer_vector*) const {
    s.Operand(in[0]);
    return AsFloats(s.Mul(in[0], in[0]));
  }
};

/// Towards x of pam(x, x).
template <bool Gradual, derivative Gradient>
struct square_vjp : pass_operation<Gradual, 1, 1> {
  integer_vector d;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    s.Operand(in[0]);
    out[0] = SquareVjp<Gradient>(s, in[0], d);
    return hn::Zero(floats());
  }
};

template <class Operation>
HWY_INLINE detail::word LaneSum(const Operation& operation,
                                const pam_lanes<Operation::gradual>& lanes, bool may_be_ordinary,
                                const typename Operation::rows& rows, std::int64_t n) {
  lane_sums sums;
  Pass(operation, lanes, may_be_ordinary, rows, n, sums);
  return sums.Total();
}

// ---- Softmax and its relatives

/// t, and its maximum.
template <bool Gradual>
struct logits : pass_operation<Gradual, 1, 1> {
  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    out[0] = s.Logit(in[0]);
    return AsFloats(out[0]);
  }
};

/// z and e of a row whose t is in memory.
struct exponential {
  integer_vector minus_shift;

  template <class Steps>
  HWY_INLINE integer_vector Z(Steps& s, integer_vector t) const {
    return s.Add(t, minus_shift);
  }
};

/// sum(e); t may be overwritten with e.
template <bool Gradual, bool Writes>
struct exponential_sum : pass_operation<Gradual, 1, Writes ? 1 : 0> {
  exponential shifted;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    const integer_vector e = s.Exponential(in[0], shifted.Z(s, in[0]));
    if constexpr (Writes) out[0] = e;
    return AsFloats(e);
  }
};

/// detail::shifted_exponentials of one row.
struct row_exponentials {
  detail::word shift = detail::kMinusInfinity;
  detail::word sum = detail::kZero;
  bool is_finite = false;  ///< shift and sum are numbers

  bool is_all_masked() const { return shift.bits == detail::kMinusInfinity.bits; }
  HWY_INLINE exponential Shifted() const { return {Everywhere(detail::negated(shift))}; }
};

/// Of n elements, with t written; or, if `Writes`, e instead of it.
template <bool Writes, class Rules>
HWY_INLINE row_exponentials Exponentials(const Rules& r, const_words x, std::int64_t n,
                                         std::uint32_t* t) {
  constexpr bool kGradual = Rules::gradual;
  lane_maximum greatest;
  Pass(logits<kGradual>{}, r.lanes, true, {{x}, {t}}, n, greatest);
  row_exponentials row;
  row.shift = detail::floor_of(greatest.Total());
  row.is_finite = magnitude(row.shift) < std::uint32_t{kInf};
  exponential_sum<kGradual, Writes> operation;
  operation.shifted = row.Shifted();
  if constexpr (Writes) {
    row.sum = LaneSum(operation, r.lanes, row.is_finite, {{t}, {t}}, n);
  } else {
    row.sum = LaneSum(operation, r.lanes, row.is_finite, {{t}, {}}, n);
  }
  return row;
}

/// pad(e, sum(e))
template <bool Gradual>
struct shares : pass_operation<Gradual, 1, 1> {
  integer_vector sum;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    out[0] = s.Share(in[0], sum);
    return hn::Zero(floats());
  }
};

template <class Rules>
void SoftmaxRow(const Rules& r, const_words x, std::int64_t n, std::uint32_t* y) {
  const row_exponentials row = Exponentials<true>(r, x, n, y);
  if (row.is_all_masked()) {
    std::fill_n(y, n, detail::kZero.bits);
    return;
  }
  shares<Rules::gradual> operation;
  operation.sum = Everywhere(row.sum);
  Pass(operation, r.lanes, row.is_finite, {{y}, {y}}, n);
}

/// What the row's sum receives from the quotients: t and d.
template <bool Gradual, derivative Gradient>
struct softmax_sum_vjp : pass_operation<Gradual, 2, 0> {
  exponential shifted;
  integer_vector sum;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in, integer_vector*) const {
    const integer_vector e = s.Exponential(in[0], shifted.Z(s, in[0]));
    s.Operand(e);
    s.Operand(in[1]);
    return AsFloats(DivVjpB<Gradient>(s, e, sum, in[1]));
  }
};

/// The derivative towards x of what reaches e; the +0 of masked elements. x is read by the exact
/// one alone.
template <derivative Gradient, class Steps>
HWY_INLINE integer_vector LogitVjp(Steps& s, integer_vector x, integer_vector t, integer_vector z,
                                   integer_vector e, integer_vector d_e) {
  const integer_vector d_t = Exp2Vjp<Gradient>(s, z, e, d_e);
  const integer_vector d_x = MulVjpA<Gradient>(s, x, Integers(kLog2E), d_t);
  return hn::IfThenZeroElse(hn::Eq(t, Integers(kSign | kInf)), d_x);
}

/// x, t and d.
template <bool Gradual, derivative Gradient>
struct softmax_vjp : pass_operation<Gradual, 3, 1> {
  exponential shifted;
  integer_vector sum;
  integer_vector inverse;  ///< pad(1, sum)
  integer_vector d_sum;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    const integer_vector z = shifted.Z(s, in[1]);
    const integer_vector e = s.Exponential(in[1], z);
    if constexpr (Gradient == derivative::exact) s.Operand(in[0]);
    s.Operand(e);
    s.Operand(in[2]);
    const integer_vector d_e = s.Add(DivVjpA<Gradient>(s, e, sum, inverse, in[2]), d_sum);
    s.Operand(d_e);
    out[0] = LogitVjp<Gradient>(s, in[0], in[1], z, e, d_e);
    return hn::Zero(floats());
  }
};

template <class Rules>
void SoftmaxVjpRow(const Rules& r, const_words x, const_words d, std::int64_t n,
                   std::uint32_t* dx) {
  const row_exponentials row = Exponentials<false>(r, x, n, dx);
  if (row.is_all_masked()) {
    std::fill_n(dx, n, detail::kZero.bits);
    return;
  }
  softmax_sum_vjp<Rules::gradual, Rules::gradient> to_sum;
  to_sum.shifted = row.Shifted();
  to_sum.sum = Everywhere(row.sum);
  const detail::word d_sum = LaneSum(to_sum, r.lanes, row.is_finite, {{dx, d}, {}}, n);
  const detail::word inverse = r.scalar.div(scalar_steps::one(), row.sum);
  softmax_vjp<Rules::gradual, Rules::gradient> operation;
  operation.shifted = to_sum.shifted;
  operation.sum = to_sum.sum;
  operation.inverse = Everywhere(inverse);
  operation.d_sum = Everywhere(d_sum);
  const bool may_be_ordinary =
      row.is_finite && IsNormal(inverse) && magnitude(d_sum) < std::uint32_t{kInf};
  Pass(operation, r.lanes, may_be_ordinary, {{x, dx, d}, {dx}}, n);
}

/// detail::row_logsumexp of one row.
struct row_logarithm {
  row_exponentials parts;
  detail::word exponent;  ///< floor(max t) + palog2(sum(e))
  detail::word value;

  row_logarithm(const scalar_steps& s, const row_exponentials& p)
      : parts(p),
        exponent(detail::add(p.shift, s.log2(p.sum))),
        value(s.div(exponent, s.log2e())) {}

  /// The derivative that reaches every e.
  detail::word vjp(const scalar_steps& s, detail::word d) const {
    return s.log2_vjp(parts.sum, s.div_vjp_a(exponent, s.log2e(), d));
  }
};

/// x - constant
template <bool Gradual>
struct differences : pass_operation<Gradual, 1, 1> {
  integer_vector minus;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    // Not a number: only so is the difference of numbers no number.
    out[0] = Canonical(s.Add(in[0], minus));
    return hn::Zero(floats());
  }
};

template <class Rules>
void LogSoftmaxRow(const Rules& r, const_words x, std::int64_t n, std::uint32_t* y) {
  const row_logarithm l(r.scalar, Exponentials<false>(r, x, n, y));
  if (l.parts.is_all_masked()) {
    std::fill_n(y, n, detail::kMinusInfinity.bits);
    return;
  }
  differences<Rules::gradual> operation;
  operation.minus = Everywhere(detail::negated(l.value));
  Pass(operation, r.lanes, true, {{x}, {y}}, n);
}

/// What every e receives goes on to x, and where Adds, the row's d joins it: x, t, and d if it
/// does.
template <bool Gradual, derivative Gradient, bool Adds>
struct logarithm_vjp : pass_operation<Gradual, Adds ? 3 : 2, 1> {
  exponential shifted;
  integer_vector d_e;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    const integer_vector z = shifted.Z(s, in[1]);
    const integer_vector e = s.Exponential(in[1], z);
    if constexpr (Gradient == derivative::exact) s.Operand(in[0]);
    s.Operand(e);
    out[0] = LogitVjp<Gradient>(s, in[0], in[1], z, e, d_e);
    if constexpr (Adds) {
      const integer_vector sum = Canonical(s.Add(in[2], out[0]));
      out[0] = hn::IfThenZeroElse(hn::Eq(in[1], Integers(kSign | kInf)), sum);
    }
    return hn::Zero(floats());
  }
};

template <class Rules>
void LogsumexpVjpRow(const Rules& r, const_words x, detail::word d, std::int64_t n,
                     std::uint32_t* dx) {
  const row_logarithm l(r.scalar, Exponentials<false>(r, x, n, dx));
  const detail::word d_e = l.vjp(r.scalar, d);
  logarithm_vjp<Rules::gradual, Rules::gradient, false> operation;
  operation.shifted = l.parts.Shifted();
  operation.d_e = Everywhere(d_e);
  Pass(operation, r.lanes, l.parts.is_finite && IsNormal(d_e), {{x, dx}, {dx}}, n);
}

template <bool Gradual>
struct negated_sum : pass_operation<Gradual, 1, 0> {
  template <class Steps>
  HWY_INLINE float_vector operator()(Steps&, const integer_vector* in, integer_vector*) const {
    return AsFloats(hn::Xor(in[0], Integers(kSign)));
  }
};

/// `t` is scratch of n words; `d` may be `dx`.
template <class Rules>
void LogSoftmaxVjpRow(const Rules& r, const_words x, const_words d, std::int64_t n,
                      std::uint32_t* t, std::uint32_t* dx) {
  const row_logarithm l(r.scalar, Exponentials<false>(r, x, n, t));
  const detail::word d_value = LaneSum(negated_sum<Rules::gradual>{}, r.lanes, true, {{d}, {}}, n);
  const detail::word d_e = l.vjp(r.scalar, d_value);
  logarithm_vjp<Rules::gradual, Rules::gradient, true> operation;
  operation.shifted = l.parts.Shifted();
  operation.d_e = Everywhere(d_e);
  Pass(operation, r.lanes, l.parts.is_finite && IsNormal(d_e), {{x, t, d}, {dx}}, n);
}

// ---- The kernels: whole tensors of rows

struct pam_row_kernels {
  static void Sums(const policy<binary32>& rules, const_words x, row_layout l, std::uint32_t* out) {
    const pam_lanes<false> lanes(rules);
    for (std::int64_t r = 0; r < l.rows; ++r) {
      out[r] = LaneSum(plain_sum<false>{}, lanes, true, {{x + r * l.length}, {}}, l.length).bits;
    }
  }

  static void SquareSums(const scalar_steps& s, const_words x, row_layout l, std::uint32_t* out) {
    EachRow(s, l, [&]<class Rules>(const Rules& rules, std::int64_t i, std::int64_t r) {
      const square_sum<Rules::gradual> operation;
      out[r] = LaneSum(operation, rules.lanes, true, {{x + i}, {}}, l.length).bits;
    });
  }
  /// d has an element for each row.
  static void SquareVjps(const scalar_steps& s, const_words x, const_words d, row_layout l,
                         std::uint32_t* dx) {
    EachVjpRow(s, l, [&]<class Rules>(const Rules& rules, std::int64_t i, std::int64_t r) {
      square_vjp<Rules::gradual, Rules::gradient> operation;
      operation.d = Everywhere({d[r]});
      Pass(operation, rules.lanes, IsNormal({d[r]}), {{x + i}, {dx + i}}, l.length);
    });
  }

  static void Softmax(const scalar_steps& s, const_words x, row_layout l, std::uint32_t* y) {
    EachRow(s, l, [&](const auto& rules, std::int64_t i, std::int64_t) {
      SoftmaxRow(rules, x + i, l.length, y + i);
    });
  }
  static void SoftmaxVjp(const scalar_steps& s, const_words x, const_words d, row_layout l,
                         std::uint32_t* dx) {
    EachVjpRow(s, l, [&](const auto& rules, std::int64_t i, std::int64_t) {
      SoftmaxVjpRow(rules, x + i, d + i, l.length, dx + i);
    });
  }

  /// `scratch` has a row's length.
  static void Logsumexp(const scalar_steps& s, const_words x, row_layout l, std::uint32_t* scratch,
                        std::uint32_t* y) {
    EachRow(s, l, [&](const auto& rules, std::int64_t i, std::int64_t r) {
      y[r] = row_logarithm(s, Exponentials<false>(rules, x + i, l.length, scratch)).value.bits;
    });
  }
  /// d has an element for each row.
  static void LogsumexpVjp(const scalar_steps& s, const_words x, const_words d, row_layout l,
                           std::uint32_t* dx) {
    EachVjpRow(s, l, [&](const auto& rules, std::int64_t i, std::int64_t r) {
      LogsumexpVjpRow(rules, x + i, {d[r]}, l.length, dx + i);
    });
  }

  static void LogSoftmax(const scalar_steps& s, const_words x, row_layout l, std::uint32_t* y) {
    EachRow(s, l, [&](const auto& rules, std::int64_t i, std::int64_t) {
      LogSoftmaxRow(rules, x + i, l.length, y + i);
    });
  }
  static void LogSoftmaxVjp(const scalar_steps& s, const_words x, const_words d, row_layout l,
                            std::uint32_t* scratch, std::uint32_t* dx) {
    EachVjpRow(s, l, [&](const auto& rules, std::int64_t i, std::int64_t) {
      LogSoftmaxVjpRow(rules, x + i, d + i, l.length, scratch, dx + i);
    });
  }
};

layer_function PamLayer(std::string_view operation) {
  return detail::find_layer_in<arith::pam>(row_layers<pam_row_kernels>::all{}, operation);
}
// The sum of rows has no products: it is the same of every arithmetic.
layer_function SumLayer(std::string_view operation) {
  using layers = type_list<in_default_environment<row_layers<pam_row_kernels>::sum>>;
  return detail::find_layer_in<arith::pam>(layers{}, operation);
}

#else

layer_function PamLayer(std::string_view) { return nullptr; }
layer_function SumLayer(std::string_view) { return nullptr; }

#endif
}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pamkit::simd {

HWY_EXPORT(PamLayer);
HWY_EXPORT(SumLayer);

layer_function pam_layer(std::string_view operation) {
  return HWY_DYNAMIC_DISPATCH(PamLayer)(operation);
}
layer_function sum_layer(std::string_view operation) {
  return HWY_DYNAMIC_DISPATCH(SumLayer)(operation);
}

}  // namespace pamkit::simd
#endif
