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
  static constexpr std::int32_t headroom = kLogitOffset;

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

/// z and e of one vector for a vjp, with numbers instead of e = +0 and what led to it where the
/// steps are ordinary ones: there, with finite d, everything that depends on e is a zero.
struct present_exponentials {
  integer_vector z;
  integer_vector e;
  integer_mask absent;  ///< none for general steps

  template <class Steps>
  HWY_INLINE present_exponentials(Steps& s, const exponential& shifted, integer_vector t)
      : z(shifted.Z(s, t)), e(s.Exponential(t, z)), absent(hn::Eq(e, hn::Zero(integers()))) {
    if constexpr (!Steps::is_general) {
      z = hn::IfThenZeroElse(absent, z);
      e = Instead(s, e);
    }
    s.Operand(e);
  }

  /// x, or 1 where e is absent.
  template <class Steps>
  HWY_INLINE integer_vector Instead(Steps&, integer_vector x) const {
    if constexpr (Steps::is_general) return x;
    return hn::IfThenElse(absent, Integers(kOne), x);
  }

  /// x, or where e is absent a zero of d's sign.
  template <class Steps>
  HWY_INLINE integer_vector ZeroIfAbsent(Steps&, integer_vector x, integer_vector d) const {
    if constexpr (Steps::is_general) return x;
    return hn::IfThenElse(absent, SignOf(d), x);
  }
};

/// What the row's sum receives from the quotients: t and d.
template <bool Gradual, derivative Gradient>
struct softmax_sum_vjp : pass_operation<Gradual, 2, 0> {
  exponential shifted;
  integer_vector sum;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in, integer_vector*) const {
    const present_exponentials p(s, shifted, in[0]);
    s.Operand(in[1]);
    const integer_vector term = DivVjpB<Gradient>(s, p.e, sum, in[1]);
    // The sign of a zero term does not matter to a sum.
    return AsFloats(p.ZeroIfAbsent(s, term, in[1]));
  }
};

/// The derivative towards x of what reaches e; the +0 of masked elements. x is read by the exact
/// one alone.
template <derivative Gradient, class Steps>
HWY_INLINE integer_vector LogitVjp(Steps& s, integer_vector x, integer_vector t,
                                   const present_exponentials& p, integer_vector d_e) {
  if constexpr (Gradient == derivative::exact) {
    x = p.Instead(s, x);
    s.Operand(x);
  }
  const integer_vector d_t = Exp2Vjp<Gradient>(s, p.z, p.e, d_e);
  const integer_vector d_x = p.ZeroIfAbsent(s, MulVjpA<Gradient>(s, x, Integers(kLog2E), d_t), d_e);
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
    const present_exponentials p(s, shifted, in[1]);
    s.Operand(in[2]);
    const integer_vector d_e = s.Add(DivVjpA<Gradient>(s, p.e, sum, inverse, in[2]), d_sum);
    s.Operand(d_e);
    out[0] = LogitVjp<Gradient>(s, in[0], in[1], p, d_e);
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
    const present_exponentials p(s, shifted, in[1]);
    out[0] = LogitVjp<Gradient>(s, in[0], in[1], p, d_e);
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

/// The sum of the negated elements.
template <class Rules>
HWY_INLINE detail::word NegatedSum(const Rules& r, const_words d, std::int64_t n) {
  return LaneSum(negated_sum<Rules::gradual>{}, r.lanes, true, {{d}, {}}, n);
}

/// detail::log_softmax_row_vjp with the row's logarithm, t and what reaches the logarithm; `d` may
/// be `dx`.
template <class Rules>
HWY_INLINE void LogarithmVjp(const Rules& r, const row_logarithm& l, const_words x, const_words t,
                             const_words d, detail::word d_value, std::int64_t n,
                             std::uint32_t* dx) {
  const detail::word d_e = l.vjp(r.scalar, d_value);
  logarithm_vjp<Rules::gradual, Rules::gradient, true> operation;
  operation.shifted = l.parts.Shifted();
  operation.d_e = Everywhere(d_e);
  Pass(operation, r.lanes, l.parts.is_finite && IsNormal(d_e), {{x, t, d}, {dx}}, n);
}

/// `t` is scratch of n words.
template <class Rules>
void LogSoftmaxVjpRow(const Rules& r, const_words x, const_words d, std::int64_t n,
                      std::uint32_t* t, std::uint32_t* dx) {
  const row_logarithm l(r.scalar, Exponentials<false>(r, x, n, t));
  LogarithmVjp(r, l, x, t, d, NegatedSum(r, d, n), n, dx);
}

// ---- Layer normalisation

/// x - mean, on whose results everything else is built.
struct centred_row {
  integer_vector minus_mean;

  template <class Steps>
  HWY_INLINE integer_vector Centred(Steps& s, integer_vector x) const {
    const integer_vector c = s.Add(x, minus_mean);
    s.Operand(c);
    return c;
  }
};

template <bool Gradual>
struct centred_square_sum : pass_operation<Gradual, 1, 0> {
  centred_row row;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in, integer_vector*) const {
    const integer_vector c = row.Centred(s, in[0]);
    return AsFloats(s.Mul(c, c));
  }
};

/// What normalises one row: layer_norm's own steps on its two sums.
struct row_normalisation {
  detail::row_mean<arith::pam> mean;
  detail::row_mean<arith::pam> variance;
  detail::word shifted;  ///< var + eps
  detail::word root;
  bool is_ordinary;  ///< mean and root are

  HWY_INLINE centred_row Centred() const { return {Everywhere(detail::negated(mean.mean))}; }
};

template <class Rules>
HWY_INLINE row_normalisation Normalisation(const Rules& r, const_words x, std::int64_t n,
                                           detail::word eps) {
  const auto length = static_cast<std::size_t>(n);
  const detail::word sum = LaneSum(plain_sum<Rules::gradual>{}, r.lanes, true, {{x}, {}}, n);
  const detail::row_mean<arith::pam> mean(r.scalar, sum, length);
  centred_square_sum<Rules::gradual> squares;
  squares.row = {Everywhere(detail::negated(mean.mean))};
  const bool is_finite = magnitude(mean.mean) < std::uint32_t{kInf};
  const detail::row_mean<arith::pam> variance(
      r.scalar, LaneSum(squares, r.lanes, is_finite, {{x}, {}}, n), length);
  const detail::word shifted = detail::add(variance.mean, eps);
  const detail::word root = r.scalar.sqrt(shifted);
  return {mean, variance, shifted, root, is_finite && IsNormal(root)};
}

/// x, gain and bias.
template <bool Gradual>
struct normalised : pass_operation<Gradual, 3, 1> {
  centred_row row;
  integer_vector root;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    const integer_vector quotient = s.Div(row.Centred(s, in[0]), root);
    s.Operand(in[1]);
    out[0] = Canonical(s.Add(s.Mul(quotient, in[1]), in[2]));
    return hn::Zero(floats());
  }
};

/// The derivative of the gain joins its block's sum, that of the root is the term: x, gain, d and
/// the sum.
template <bool Gradual, derivative Gradient>
struct normalised_sums_vjp : pass_operation<Gradual, 4, 1> {
  centred_row row;
  integer_vector root;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    const integer_vector c = row.Centred(s, in[0]);
    const integer_vector quotient = s.Div(c, root);
    s.Operand(in[1]);
    s.Operand(in[2]);
    out[0] = s.Add(in[3], MulVjpA<Gradient>(s, in[1], quotient, in[2]));
    const integer_vector d_quotient = MulVjpA<Gradient>(s, quotient, in[1], in[2]);
    return AsFloats(DivVjpB<Gradient>(s, c, root, d_quotient));
  }
};

/// The derivative of c, whose negation is the term: x, gain and d.
template <bool Gradual, derivative Gradient>
struct centred_vjp : pass_operation<Gradual, 3, 1> {
  centred_row row;
  integer_vector root;
  integer_vector inverse;  ///< pad(1, root)
  integer_vector d_square;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    const integer_vector c = row.Centred(s, in[0]);
    s.Operand(in[1]);
    s.Operand(in[2]);
    // The quotient is read by the exact derivative alone.
    integer_vector d_quotient;
    if constexpr (Gradient == derivative::exact) {
      d_quotient = MulVjpA<Gradient>(s, s.Div(c, root), in[1], in[2]);
    } else {
      d_quotient = s.Mul(in[2], in[1]);
    }
    out[0] = s.Add(DivVjpA<Gradient>(s, c, root, inverse, d_quotient),
                   SquareVjp<Gradient>(s, c, d_square));
    return AsFloats(s.Negated(out[0]));
  }
};

/// Sums down columns: those of blocks of 128 rows, and of the blocks before.
class column_sums {
 public:
  /// `total` is +0 everywhere and receives the sums at Finish().
  column_sums(std::uint32_t* total, std::int64_t length)
      : total_(total), length_(length), block_(static_cast<std::size_t>(length)) {}

  std::uint32_t* Block() { return block_.data(); }
  /// After each row.
  void CountRow() {
    if (++rows_ % 128 == 0) Close();
  }
  void Finish() {
    if (rows_ % 128 != 0) Close();
  }

 private:
  void Close() {
    for (std::size_t i = 0; i < block_.size(); ++i) {
      total_[i] = detail::add({total_[i]}, {block_[i]}).bits;
      block_[i] = 0;
    }
  }
  std::uint32_t* total_;
  std::int64_t length_;
  std::int64_t rows_ = 0;
  std::vector<std::uint32_t> block_;
};

/// A row joins sums down columns.
template <bool Gradual>
struct joined_row : pass_operation<Gradual, 2, 1> {
  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    out[0] = s.Add(in[0], in[1]);
    return hn::Zero(floats());
  }
};

template <class Rules>
void LayerNormRow(const Rules& r, const_words x, const_words gain, const_words bias,
                  detail::word eps, std::int64_t n, std::uint32_t* y) {
  const row_normalisation row = Normalisation(r, x, n, eps);
  normalised<Rules::gradual> operation;
  operation.row = row.Centred();
  operation.root = Everywhere(row.root);
  Pass(operation, r.lanes, row.is_ordinary, {{x, gain, bias}, {y}}, n);
}

/// d_gain is the block's sum of the derivative of the gain.
template <class Rules>
void LayerNormVjpRow(const Rules& r, const_words x, const_words gain, detail::word eps,
                     const_words d, std::int64_t n, std::uint32_t* dx, std::uint32_t* d_gain) {
  const row_normalisation row = Normalisation(r, x, n, eps);
  normalised_sums_vjp<Rules::gradual, Rules::gradient> sums;
  sums.row = row.Centred();
  sums.root = Everywhere(row.root);
  const detail::word d_root =
      LaneSum(sums, r.lanes, row.is_ordinary, {{x, gain, d, d_gain}, {d_gain}}, n);
  const detail::word d_square = row.variance.vjp(r.scalar, r.scalar.sqrt_vjp(row.shifted, d_root));
  const detail::word inverse = r.scalar.div(scalar_steps::one(), row.root);
  centred_vjp<Rules::gradual, Rules::gradient> to_centred;
  to_centred.row = sums.row;
  to_centred.root = sums.root;
  to_centred.inverse = Everywhere(inverse);
  to_centred.d_square = Everywhere(d_square);
  const bool is_ordinary = row.is_ordinary && IsNormal(inverse) && IsNormal(d_square);
  const detail::word d_mean = LaneSum(to_centred, r.lanes, is_ordinary, {{x, gain, d}, {dx}}, n);
  differences<Rules::gradual> to_x;
  to_x.minus = Everywhere(row.mean.vjp(r.scalar, d_mean));
  Pass(to_x, r.lanes, true, {{dx}, {dx}}, n);
}

// ---- Cross entropy

/// log_softmax of a row, all of it -infinity if the row is masked.
struct row_log_softmax {
  integer_vector minus_value;
  integer_mask masked;

  HWY_INLINE explicit row_log_softmax(const row_logarithm& l)
      : minus_value(Everywhere(detail::negated(l.value))),
        masked(hn::Eq(Integers(l.parts.is_all_masked() ? 1 : 0), Integers(1))) {}

  template <class Steps>
  HWY_INLINE integer_vector At(Steps& s, integer_vector x) const {
    const integer_vector log_p =
        hn::IfThenElse(masked, Integers(kSign | kInf), s.Add(x, minus_value));
    s.Operand(log_p);
    return log_p;
  }
};

/// pam(log_softmax, target), +0 where the target is 0: x and targets.
template <bool Gradual>
struct likelihood_sum : pass_operation<Gradual, 2, 0> {
  row_log_softmax log_p;

  explicit likelihood_sum(const row_logarithm& l) : log_p(l) {}
  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in, integer_vector*) const {
    s.Operand(in[1]);
    const integer_vector term = s.Mul(log_p.At(s, in[0]), in[1]);
    const integer_mask none = hn::Eq(MagnitudeOf(in[1]), hn::Zero(integers()));
    return AsFloats(hn::IfThenZeroElse(none, term));
  }
};

/// Its vjp towards log_softmax.
template <bool Gradual, derivative Gradient>
struct likelihood_vjp : pass_operation<Gradual, 2, 1> {
  row_log_softmax log_p;
  integer_vector d_loss;

  explicit likelihood_vjp(const row_logarithm& l) : log_p(l) {}
  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    s.Operand(in[1]);
    const integer_vector d = MulVjpA<Gradient>(s, log_p.At(s, in[0]), in[1], d_loss);
    const integer_mask none = hn::Eq(MagnitudeOf(in[1]), hn::Zero(integers()));
    out[0] = hn::IfThenZeroElse(none, d);
    return hn::Zero(floats());
  }
};

/// log_softmax of the row's class alone.
HWY_INLINE detail::word LogSoftmaxAt(const row_logarithm& l, const_words x,
                                     const class_targets& targets) {
  if (l.parts.is_all_masked()) return detail::kMinusInfinity;
  return detail::subtract({x[targets.label]}, l.value);
}

/// The negative of the row's loss; `t` is scratch of n words.
template <class Rules>
detail::word RowLikelihood(const Rules& r, const_words x, const class_targets& targets,
                           std::int64_t n, std::uint32_t* t) {
  const row_logarithm l(r.scalar, Exponentials<false>(r, x, n, t));
  if (targets.is_one_class()) {
    // All other terms are +0.
    return detail::add(detail::kZero, r.scalar.mul(LogSoftmaxAt(l, x, targets), targets.right));
  }
  return LaneSum(likelihood_sum<Rules::gradual>(l), r.lanes, true, {{x, targets.row}, {}}, n);
}

template <class Rules>
void RowLikelihoodVjp(const Rules& r, const_words x, const class_targets& targets,
                      detail::word d_loss, std::int64_t n, std::uint32_t* t, std::uint32_t* dx) {
  const row_logarithm l(r.scalar, Exponentials<false>(r, x, n, t));
  if (targets.is_one_class()) {
    const detail::word d = r.scalar.mul_vjp_a(LogSoftmaxAt(l, x, targets), targets.right, d_loss);
    std::fill_n(dx, n, detail::kZero.bits);
    dx[targets.label] = d.bits;
    LogarithmVjp(r, l, x, t, dx, detail::add(detail::kZero, detail::negated(d)), n, dx);
    return;
  }
  likelihood_vjp<Rules::gradual, Rules::gradient> operation(l);
  operation.d_loss = Everywhere(d_loss);
  Pass(operation, r.lanes, IsNormal(d_loss), {{x, targets.row}, {dx}}, n);
  LogarithmVjp(r, l, x, t, dx, NegatedSum(r, dx, n), n, dx);
}

// ---- Elementwise steps

/// pam(x, factor)
template <bool Gradual>
struct scaled : pass_operation<Gradual, 1, 1> {
  integer_vector factor;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    s.Operand(in[0]);
    out[0] = s.Mul(in[0], factor);
    return hn::Zero(floats());
  }
};

/// The vjp of pam(x, factor) where a mask keeps x: x, d and the mask. Under `approx` it is pam(d,
/// factor) and x is not read.
template <bool Gradual, derivative Gradient>
struct kept : pass_operation<Gradual, 3, 1> {
  integer_vector factor;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    const integer_mask dropped = hn::Eq(in[2], hn::Zero(integers()));
    // What is dropped is ordinary.
    const integer_vector d = hn::IfThenElse(dropped, Integers(kOne), in[1]);
    s.Operand(d);
    integer_vector x = in[0];
    if constexpr (Gradient == derivative::exact) {
      x = hn::IfThenElse(dropped, Integers(kOne), x);
      s.Operand(x);
    }
    out[0] = hn::IfThenZeroElse(dropped, MulVjpA<Gradient>(s, x, factor, d));
    return hn::Zero(floats());
  }
};

/// One update of AdamW: parameter, gradient, m and v. `Decays` is false where wd lr is 0, which
/// leaves normal parameters as they are, but neither -0 nor an infinity.
template <bool Gradual, bool Decays>
struct adamw_update : pass_operation<Gradual, 4, 3> {
  integer_vector b1, b2, rest1, rest2, eps, decay, step;

  template <class Steps>
  HWY_INLINE float_vector operator()(Steps& s, const integer_vector* in,
                                     integer_vector* out) const {
    for (int k = 0; k < 4; ++k) s.Operand(in[k]);
    const integer_vector g = in[1];
    const integer_vector m = s.Add(s.Mul(in[2], b1), s.Mul(g, rest1));
    const integer_vector v = s.Add(s.Mul(in[3], b2), s.Mul(s.Mul(g, g), rest2));
    const integer_vector root = s.Add(s.Sqrt(v), eps);
    s.Operand(m);
    s.Operand(root);
    const integer_vector direction = s.Div(m, root);
    integer_vector decayed = in[0];
    if constexpr (Decays || Steps::is_general) decayed = s.Sub(in[0], s.Mul(in[0], decay));
    out[0] = s.Sub(decayed, s.Mul(direction, step));
    out[1] = m;
    out[2] = v;
    return hn::Zero(floats());
  }
};

template <bool Decays, class Rules>
void AdamwUpdate(const Rules& r, const adamw_scalars& c, const std::array<const_words, 4>& in,
                 const std::array<std::uint32_t*, 3>& out, std::int64_t n) {
  adamw_update<Rules::gradual, Decays> operation;
  operation.b1 = Everywhere(c.b1);
  operation.b2 = Everywhere(c.b2);
  operation.rest1 = Everywhere(c.rest1);
  operation.rest2 = Everywhere(c.rest2);
  operation.eps = Everywhere(c.eps);
  operation.decay = Everywhere(c.decay);
  operation.step = Everywhere(c.step);
  const bool is_ordinary = IsNormal(c.b1) && IsNormal(c.b2) && IsNormal(c.rest1) &&
                           IsNormal(c.rest2) && magnitude(c.eps) < std::uint32_t{kInf} &&
                           (!Decays || IsNormal(c.decay)) && IsNormal(c.step);
  Pass(operation, r.lanes, is_ordinary, {in, out}, n);
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

  static void Logsumexp(const scalar_steps& s, const_words x, row_layout l, std::uint32_t* y) {
    std::vector<std::uint32_t> scratch(static_cast<std::size_t>(l.length));
    EachRow(s, l, [&](const auto& rules, std::int64_t i, std::int64_t r) {
      const auto parts = Exponentials<false>(rules, x + i, l.length, scratch.data());
      y[r] = row_logarithm(s, parts).value.bits;
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
                            std::uint32_t* dx) {
    std::vector<std::uint32_t> scratch(static_cast<std::size_t>(l.length));
    EachVjpRow(s, l, [&](const auto& rules, std::int64_t i, std::int64_t) {
      LogSoftmaxVjpRow(rules, x + i, d + i, l.length, scratch.data(), dx + i);
    });
  }

  static void LayerNorm(const scalar_steps& s, const_words x, const_words gain, const_words bias,
                        detail::word eps, row_layout l, std::uint32_t* y) {
    EachRow(s, l, [&](const auto& rules, std::int64_t i, std::int64_t) {
      LayerNormRow(rules, x + i, gain, bias, eps, l.length, y + i);
    });
  }
  /// d_gain and d_bias are +0 everywhere.
  static void LayerNormVjp(const scalar_steps& s, const_words x, const_words gain, detail::word eps,
                           const_words d, row_layout l, std::uint32_t* dx, std::uint32_t* d_gain,
                           std::uint32_t* d_bias) {
    column_sums gains(d_gain, l.length);
    column_sums biases(d_bias, l.length);
    EachVjpRow(s, l, [&]<class Rules>(const Rules& rules, std::int64_t i, std::int64_t) {
      LayerNormVjpRow(rules, x + i, gain, eps, d + i, l.length, dx + i, gains.Block());
      const joined_row<Rules::gradual> join;
      Pass(join, rules.lanes, true, {{biases.Block(), d + i}, {biases.Block()}}, l.length);
      gains.CountRow();
      biases.CountRow();
    });
    gains.Finish();
    biases.Finish();
  }

  /// The sum over classes of pam(log_softmax, target) of one row; `scratch` has its length.
  static detail::word Likelihood(const scalar_steps& s, const_words x, const class_targets& targets,
                                 std::int64_t n, std::uint32_t* scratch) {
    detail::word sum = detail::kZero;
    EachRow(s, {1, n}, [&](const auto& rules, std::int64_t, std::int64_t) {
      sum = RowLikelihood(rules, x, targets, n, scratch);
    });
    return sum;
  }
  static void LikelihoodVjp(const scalar_steps& s, const_words x, const class_targets& targets,
                            detail::word d, std::int64_t n, std::uint32_t* scratch,
                            std::uint32_t* dx) {
    EachVjpRow(s, {1, n}, [&](const auto& rules, std::int64_t, std::int64_t) {
      RowLikelihoodVjp(rules, x, targets, d, n, scratch, dx);
    });
  }

  static void Scale(const scalar_steps& s, const_words x, detail::word factor, std::int64_t n,
                    std::uint32_t* y) {
    EachRow(s, {1, n}, [&]<class Rules>(const Rules& rules, std::int64_t, std::int64_t) {
      scaled<Rules::gradual> operation;
      operation.factor = Everywhere(factor);
      Pass(operation, rules.lanes, IsNormal(factor), {{x}, {y}}, n);
    });
  }
  /// The vjp of pam(x, factor) towards x where `keep` is not 0, else +0.
  static void KeepVjp(const scalar_steps& s, const_words x, const_words d, const_words keep,
                      detail::word factor, std::int64_t n, std::uint32_t* dx) {
    EachVjpRow(s, {1, n}, [&]<class Rules>(const Rules& rules, std::int64_t, std::int64_t) {
      kept<Rules::gradual, Rules::gradient> operation;
      operation.factor = Everywhere(factor);
      Pass(operation, rules.lanes, IsNormal(factor), {{x, d, keep}, {dx}}, n);
    });
  }

  static void Adamw(const scalar_steps& s, const adamw_scalars& c,
                    const std::array<const_words, 4>& in, const std::array<std::uint32_t*, 3>& out,
                    std::int64_t n) {
    EachRow(s, {1, n}, [&](const auto& rules, std::int64_t, std::int64_t) {
      if (c.decay.bits == 0) return AdamwUpdate<false>(rules, c, in, out, n);
      AdamwUpdate<true>(rules, c, in, out, n);
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
