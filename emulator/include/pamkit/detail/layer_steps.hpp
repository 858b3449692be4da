#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "pamkit/detail/encode.hpp"
#include "pamkit/detail/sum.hpp"
#include "pamkit/elementwise/sqrt.hpp"
#include "pamkit/operation.hpp"

/// The steps that layers are made of: operations of an arithmetic without compensation, their vjps,
/// and sums in the declared orders.

namespace pamkit::detail {

using word = encoding<binary32>;
using word_row = std::span<const std::uint32_t>;

inline constexpr word kZero{0};
inline constexpr word kMinusInfinity{0xFF800000};

/// A scalar from the host: rounded once.
inline word from_host(double x) { return {std::bit_cast<std::uint32_t>(static_cast<float>(x))}; }

/// A word from outside as a result: its NaN is the canonical one.
PAMKIT_HD inline word canonical(std::uint32_t x) {
  const word w{x};
  return is_nan(w) ? canonical_nan<binary32>() : w;
}

PAMKIT_HD inline word negated(word x) { return is_nan(x) ? x : word{x.bits ^ 0x80000000U}; }

/// a - b: IEEE binary32, as add.
PAMKIT_HD inline word subtract(word a, word b) { return add(a, negated(b)); }

PAMKIT_HD inline float number(word x) { return std::bit_cast<float>(std::uint32_t{x.bits}); }

/// The greater of two; a NaN is kept.
PAMKIT_HD inline word maximum(word a, word b) {
  if (is_nan(a) || is_nan(b)) return canonical_nan<binary32>();
  return number(a) < number(b) ? b : a;
}

/// The lesser of two; a NaN is kept.
PAMKIT_HD inline word minimum(word a, word b) {
  if (is_nan(a) || is_nan(b)) return canonical_nan<binary32>();
  return number(b) < number(a) ? b : a;
}

/// The largest integer not above x; infinities and NaNs stay.
PAMKIT_HD inline word floor_of(word x) {
  if (is_nan(x)) return canonical_nan<binary32>();
  return {std::bit_cast<std::uint32_t>(std::floor(number(x)))};
}

/// The sum of term(0), ..., term(n - 1) as rows are summed: lane j adds elements j, j + 32, ...
/// from +0 on, then lanes 16, 8, 4, 2 and 1 apart are joined.
template <class Term>
word lane_sum(std::size_t n, const Term& term) {
  constexpr std::size_t kLanes = 32;
  std::array<word, kLanes> lanes{};
  for (std::size_t i = 0; i < n; ++i) lanes[i % kLanes] = add(lanes[i % kLanes], term(i));
  for (std::size_t apart = kLanes / 2; apart > 0; apart /= 2) {
    for (std::size_t i = 0; i < apart; ++i) lanes[i] = add(lanes[i], lanes[i + apart]);
  }
  return lanes[0];
}

inline word lane_sum(word_row x) {
  return lane_sum(x.size(), [&](std::size_t i) { return word{x[i]}; });
}

/// The sum of term(0), ..., term(rows - 1) as columns are summed: blocks of 128 consecutive rows,
/// each in ascending order from +0, then the block sums in ascending order from +0.
template <class Term>
word block_sum(std::int64_t rows, const Term& term) {
  constexpr std::int64_t kBlock = 128;
  word total = kZero;
  for (std::int64_t first = 0; first < rows; first += kBlock) {
    word block = kZero;
    for (std::int64_t r = first; r < std::min(first + kBlock, rows); ++r)
      block = add(block, term(r));
    total = add(total, block);
  }
  return total;
}

/// Whether A has what quotients, exponentials and roots need.
template <class A>
concept has_functions = requires(policy<binary32> p, word x) {
  A::div(p, x, x);
  A::exp2(p, x);
  A::log2(p, x);
  A::mul_vjp_a(p, derivative::approx, x, x, x);
};

/// The operations of A under rules without compensation, and their vjps: `exact` applies the slope
/// of the piece by a plain product; `approx`, and an arithmetic without slopes, has the analytic
/// derivative with its products and quotients replaced (section 9.3).
template <class A>
struct layer_steps {
  policy<binary32> rules;
  derivative gradient = derivative::approx;

  PAMKIT_HD word mul(word a, word b) const { return A::mul(rules, a, b); }
  PAMKIT_HD word div(word a, word b) const { return A::div(rules, a, b); }
  PAMKIT_HD word exp2(word x) const { return A::exp2(rules, x); }
  PAMKIT_HD word log2(word x) const { return A::log2(rules, x); }
  PAMKIT_HD word sqrt(word x) const { return elementwise::sqrt::apply<A>(rules, x); }
  PAMKIT_HD word log2e() const { return log2_e(rules.format); }

  PAMKIT_HD word mul_vjp_a(word a, word b, word d) const {
    return A::mul_vjp_a(rules, gradient, a, b, d);
  }
  PAMKIT_HD word mul_vjp_b(word a, word b, word d) const {
    return A::mul_vjp_b(rules, gradient, a, b, d);
  }

  /// pam(x, x): its two contributions are added to each other.
  PAMKIT_HD word square_vjp(word x, word d) const {
    return add(mul_vjp_a(x, x, d), mul_vjp_b(x, x, d));
  }

  PAMKIT_HD word div_vjp_a(word a, word b, word d) const {
    if constexpr (requires { A::div_da(rules, a, b); }) {
      if (gradient == derivative::exact) return mul(d, A::div_da(rules, a, b));
    }
    return mul(div(one(), b), d);
  }

  PAMKIT_HD word div_vjp_b(word a, word b, word d) const {
    if constexpr (requires { A::div_db(rules, a, b); }) {
      if (gradient == derivative::exact) return mul(d, A::div_db(rules, a, b));
    }
    return negated(mul(div(div(a, b), b), d));
  }

  /// Of y = exp2(x).
  PAMKIT_HD word exp2_vjp(word x, word y, word d) const {
    if constexpr (requires { A::exp2_da(rules, x); }) {
      if (gradient == derivative::exact) return mul(d, A::exp2_da(rules, x));
    }
    return mul(mul(y, ln_2(rules.format)), d);
  }

  PAMKIT_HD word log2_vjp(word x, word d) const {
    if constexpr (requires { A::log2_da(rules, x); }) {
      if (gradient == derivative::exact) return mul(d, A::log2_da(rules, x));
    }
    return div(div(d, x), ln_2(rules.format));
  }

  /// Of pasqrt(x) = paexp2(pam(palog2(x), 1/2)): exp2, product, log2 in reverse; +0 where a zero
  /// decided the root. An arithmetic with a root of its own has d / 2 over the root.
  PAMKIT_HD word sqrt_vjp(word x, word d) const {
    const word half = one_half<binary32>();
    if constexpr (requires { A::sqrt(rules, x); }) {
      return magnitude(x) == 0 ? kZero : div(mul(d, half), sqrt(x));
    } else {
      if (is_zero(rules, x)) return kZero;
      const word l = log2(x);
      const word u = mul(l, half);
      return log2_vjp(x, mul_vjp_a(l, half, exp2_vjp(u, exp2(u), d)));
    }
  }

  PAMKIT_HD static word one() { return pack<binary32>(false, one_magnitude<binary32>); }
};

/// mean(x) = pad(sum(x), n), with what its vjp needs.
template <class A>
struct row_mean {
  word sum;
  word n;
  word mean;

  row_mean(const layer_steps<A>& s, word row_sum, std::size_t length)
      : sum(row_sum), n(from_host(static_cast<double>(length))), mean(s.div(sum, n)) {}

  /// The derivative that every element of the row receives.
  word vjp(const layer_steps<A>& s, word d) const { return s.div_vjp_a(sum, n, d); }
};

/// The common part of softmax and logsumexp on one row: t = pam(x, log2e), e = paexp2(t - floor(max
/// t)), sum(e). An element is masked where t is -infinity.
template <class A>
struct shifted_exponentials {
  const layer_steps<A>& s;
  word_row x;
  std::vector<word> t;
  std::vector<word> z;  ///< t - floor(max t)
  std::vector<word> e;
  word shift = kMinusInfinity;  ///< floor(max t)
  word sum = kZero;

  shifted_exponentials(const layer_steps<A>& steps, word_row row)
      : s(steps), x(row), t(row.size()), z(row.size()), e(row.size()) {
    word greatest = kMinusInfinity;
    for (std::size_t i = 0; i < x.size(); ++i) {
      t[i] = s.mul({x[i]}, s.log2e());
      greatest = maximum(greatest, t[i]);
    }
    shift = floor_of(greatest);
    for (std::size_t i = 0; i < x.size(); ++i) {
      z[i] = subtract(t[i], shift);
      e[i] = is_masked(i) ? kZero : s.exp2(z[i]);
    }
    sum = lane_sum(e.size(), [&](std::size_t i) { return e[i]; });
  }

  bool is_masked(std::size_t i) const { return t[i].bits == kMinusInfinity.bits; }
  /// All of the row is masked (or there is nothing).
  bool is_all_masked() const { return shift.bits == kMinusInfinity.bits; }

  /// The derivative towards x[i] of what reaches e[i]. The maximum and the floor pass nothing.
  word vjp(std::size_t i, word d_e) const {
    if (is_masked(i)) return kZero;
    return s.mul_vjp_a({x[i]}, s.log2e(), s.exp2_vjp(z[i], e[i], d_e));
  }
};

/// logsumexp of one row, and its vjp.
template <class A>
struct row_logsumexp {
  shifted_exponentials<A> parts;
  word exponent;  ///< floor(max t) + palog2(sum(e))
  word value;

  row_logsumexp(const layer_steps<A>& s, word_row x)
      : parts(s, x),
        exponent(add(parts.shift, s.log2(parts.sum))),
        value(s.div(exponent, s.log2e())) {}

  /// The derivative that reaches every e[i].
  word vjp(word d) const {
    const layer_steps<A>& s = parts.s;
    return s.log2_vjp(parts.sum, s.div_vjp_a(exponent, s.log2e(), d));
  }
};

/// y = softmax(x) on one row.
template <class A>
void softmax_row(const layer_steps<A>& s, word_row x, std::span<std::uint32_t> y) {
  const shifted_exponentials<A> parts(s, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = parts.is_all_masked() ? kZero.bits : s.div(parts.e[i], parts.sum).bits;
  }
}

/// Its vjp. e is used by the sum first and by the quotient last.
template <class A>
void softmax_row_vjp(const layer_steps<A>& s, word_row x, word_row d, std::span<std::uint32_t> dx) {
  const shifted_exponentials<A> parts(s, x);
  if (parts.is_all_masked()) {
    std::ranges::fill(dx, kZero.bits);
    return;
  }
  const word d_sum =
      lane_sum(x.size(), [&](std::size_t i) { return s.div_vjp_b(parts.e[i], parts.sum, {d[i]}); });
  for (std::size_t i = 0; i < x.size(); ++i) {
    const word d_quotient = s.div_vjp_a(parts.e[i], parts.sum, {d[i]});
    dx[i] = parts.vjp(i, add(d_quotient, d_sum)).bits;
  }
}

/// y = log_softmax(x) = x - logsumexp(x) on one row.
template <class A>
void log_softmax_row(const layer_steps<A>& s, word_row x, std::span<std::uint32_t> y) {
  const row_logsumexp<A> l(s, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = l.parts.is_all_masked() ? kMinusInfinity.bits : subtract({x[i]}, l.value).bits;
  }
}

/// Its vjp. x is used by logsumexp first and by the subtraction last.
template <class A>
void log_softmax_row_vjp(const layer_steps<A>& s, word_row x, word_row d,
                         std::span<std::uint32_t> dx) {
  const row_logsumexp<A> l(s, x);
  const word d_e = l.vjp(lane_sum(x.size(), [&](std::size_t i) { return negated({d[i]}); }));
  for (std::size_t i = 0; i < x.size(); ++i) {
    dx[i] = l.parts.is_masked(i) ? kZero.bits : add({d[i]}, l.parts.vjp(i, d_e)).bits;
  }
}

}  // namespace pamkit::detail
