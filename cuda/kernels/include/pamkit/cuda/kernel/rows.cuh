#pragma once

#include "pamkit/cuda/operand.cuh"
#include "pamkit/detail/layer_steps.hpp"

/// Kernels along rows of binary32 words (docs/specification.md, sections 11.2 and 13). A warp has a
/// row, a lane the elements j, j + 32, ...: the 32 lanes of the declared order are those of the
/// warp. What a second pass needs of an element is computed again, so that nothing is kept but the
/// operands.

namespace pamkit::cuda {

/// A row with this label has no loss, and no part in their mean.
inline constexpr std::uint32_t kIgnoredLabel = 0xffffffffU;

/// One launch over rows; what a kernel does not name it does not read.
struct row_parameters {
  policy<binary32> rules;  ///< without compensation
  derivative gradient = derivative::approx;
  std::int64_t rows = 0;
  std::int64_t length = 0;
  const std::uint32_t* x = nullptr;       ///< [rows, length]
  const std::uint32_t* d = nullptr;       ///< the incoming derivative: of the kernel's output
  const std::uint32_t* gain = nullptr;    ///< [length]
  const std::uint32_t* bias = nullptr;    ///< [length]
  const std::uint32_t* labels = nullptr;  ///< [rows], of a mean [length]; FFFFFFFF: ignored
  std::uint32_t* y = nullptr;             ///< [rows, length] or [rows]
  std::uint32_t* terms = nullptr;         ///< [rows, length]
  word n;                                 ///< what a mean without labels divides by
  word eps;                               ///< of layer_norm
  word right;                             ///< target of the true class
  word wrong;                             ///< and of every other one
};

/// The frame of kernels along rows: Step::run(warp) is called by the 32 lanes of a warp together.
template <class Step>
struct row_kernel {
  using parameters = row_parameters;
  static constexpr int threads = 128;
  static constexpr int rows_per_block = threads / kWarp;
  struct shared_memory {};

  /// One row, as a lane of its warp sees it.
  template <class Thread>
  struct warp {
    const Thread& thread;
    const parameters& p;
    std::int64_t row;
    int lane;

    PAMKIT_DEVICE word x(std::int64_t i) const { return {p.x[row * p.length + i]}; }
    /// Of a kernel that writes rows, and of one that writes one word for each.
    PAMKIT_DEVICE word d(std::int64_t i) const { return {p.d[row * p.length + i]}; }
    PAMKIT_DEVICE word d() const { return {p.d[row]}; }

    /// f(i) for the elements of this lane, in ascending order.
    template <class Function>
    PAMKIT_DEVICE void for_each(const Function& f) const {
      PAMKIT_ROLLED
      for (std::int64_t i = lane; i < p.length; i += kWarp) f(i);
    }
    template <class Function>
    PAMKIT_DEVICE void write(const Function& f) const {
      for_each([&](std::int64_t i) { p.y[row * p.length + i] = f(i).bits; });
    }
    PAMKIT_DEVICE void write(word w) const {
      if (lane == 0) p.y[row] = w.bits;
    }

    /// The sum of term(i), as rows are summed; every lane receives it. Lanes i and i + 16 add the
    /// same two numbers, so that what lane i receives for i < 16, and so on with 8, 4, 2 and 1, is
    /// what the declared order has in it.
    template <class Term>
    PAMKIT_DEVICE word sum(const Term& term) const {
      word mine{};
      for_each([&](std::int64_t i) { mine = detail::add(mine, term(i)); });
      PAMKIT_ROLLED
      for (int apart = kWarp / 2; apart > 0; apart /= 2) {
        mine = detail::add(mine, thread.from_lane_xor(mine, apart));
      }
      return mine;
    }
    /// How many elements have is_counted(i), rounded to nearest once; every lane receives it.
    /// Counted in integers, as a host does: sums of floats would round more than once.
    template <class Predicate>
    PAMKIT_DEVICE word count(const Predicate& is_counted) const {
      std::int64_t mine = 0;
      for_each([&](std::int64_t i) { mine += is_counted(i) ? 1 : 0; });
      PAMKIT_ROLLED
      for (int apart = kWarp / 2; apart > 0; apart /= 2) {
        const word low = thread.from_lane_xor(word{static_cast<std::uint32_t>(mine)}, apart);
        const word high = thread.from_lane_xor(word{static_cast<std::uint32_t>(mine >> 32)}, apart);
        mine += std::int64_t{high.bits} << 32 | std::int64_t{low.bits};
      }
      return {std::bit_cast<std::uint32_t>(static_cast<float>(mine))};
    }
    /// The greatest of term(i), -infinity if there are none; a NaN is kept. Which zero it is where
    /// both signs occur is left open: only its floor is used, in sums with what is no -0 or whose
    /// exponential is 1 either way.
    template <class Term>
    PAMKIT_DEVICE word greatest(const Term& term) const {
      word mine{0xff800000U};
      for_each([&](std::int64_t i) { mine = detail::maximum(mine, term(i)); });
      PAMKIT_ROLLED
      for (int apart = kWarp / 2; apart > 0; apart /= 2) {
        mine = detail::maximum(mine, thread.from_lane_xor(mine, apart));
      }
      return mine;
    }

    template <class A>
    PAMKIT_DEVICE detail::layer_steps<A> steps() const {
      return {p.rules, p.gradient};
    }
  };

  template <class Thread>
  PAMKIT_DEVICE static void run(const Thread& thread, shared_memory&, const parameters& p) {
    const std::int64_t row = std::int64_t{thread.block()} * rows_per_block + thread.index() / kWarp;
    if (row >= p.rows) return;  // the whole warp
    Step::run(warp<Thread>{thread, p, row, thread.index() % kWarp});
  }
};

// ---- Sums, means, norms
// --------------------------------------------------------------------------

struct sum_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    w.write(w.sum([&](std::int64_t i) { return w.x(i); }));
  }
};

struct sum_vjp_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    const word d = canonical_word(w.d());
    w.write([&](std::int64_t) { return d; });
  }
};

template <class A>
struct square_sum_step {
  template <class Warp>
  PAMKIT_DEVICE static word of(const Warp& w) {
    const auto s = w.template steps<A>();
    return w.sum([&](std::int64_t i) { return s.mul(w.x(i), w.x(i)); });
  }
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    w.write(of(w));
  }
};

/// What a mean divides by. How many losses are kept is in their labels alone, which the host does
/// not see.
template <class Warp>
PAMKIT_DEVICE word mean_divisor(const Warp& w) {
  if (w.p.labels == nullptr) return w.p.n;
  return w.count([&](std::int64_t i) { return w.p.labels[i] != kIgnoredLabel; });
}

template <class A>
struct mean_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    const word sum = w.sum([&](std::int64_t i) { return w.x(i); });
    w.write(w.template steps<A>().div(sum, mean_divisor(w)));
  }
};

template <class A>
struct mean_vjp_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    const word sum = w.sum([&](std::int64_t i) { return w.x(i); });
    const word d = w.template steps<A>().div_vjp_a(sum, mean_divisor(w), w.d());
    w.write([&](std::int64_t) { return d; });
  }
};

template <class A>
struct norm_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    w.write(w.template steps<A>().sqrt(square_sum_step<A>::of(w)));
  }
};

template <class A>
struct norm_vjp_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    const auto s = w.template steps<A>();
    const word d = s.sqrt_vjp(square_sum_step<A>::of(w), w.d());
    w.write([&](std::int64_t i) { return s.square_vjp(w.x(i), d); });
  }
};

// ---- Softmax and its relatives
// -------------------------------------------------------------------

/// t = pam(x, log2e), e = paexp2(t - floor(max t)) and their sum. An element is masked where t is
/// -infinity.
template <class A, class Warp>
struct row_exponentials {
  const Warp& w;
  detail::layer_steps<A> s;
  word shift;  ///< floor(max t)
  word sum;

  PAMKIT_DEVICE explicit row_exponentials(const Warp& warp)
      : w(warp), s(warp.template steps<A>()), shift{}, sum{} {
    shift = detail::floor_of(w.greatest([&](std::int64_t i) { return t(i); }));
    sum = w.sum([&](std::int64_t i) { return e(i); });
  }

  PAMKIT_DEVICE word t(std::int64_t i) const { return s.mul(w.x(i), s.log2e()); }
  PAMKIT_DEVICE static bool is_masked(word t) { return t.bits == 0xff800000U; }
  PAMKIT_DEVICE bool is_all_masked() const { return is_masked(shift); }
  PAMKIT_DEVICE word e(std::int64_t i) const {
    const word scaled = t(i);
    return is_masked(scaled) ? word{} : s.exp2(detail::subtract(scaled, shift));
  }
  /// The derivative towards x(i) of what reaches e(i).
  PAMKIT_DEVICE word vjp(std::int64_t i, word d_e) const {
    const word scaled = t(i);
    if (is_masked(scaled)) return {};
    const word z = detail::subtract(scaled, shift);
    return s.mul_vjp_a(w.x(i), s.log2e(), s.exp2_vjp(z, s.exp2(z), d_e));
  }

  /// floor(max t) + palog2(sum(e)), and its quotient by log2e, which is logsumexp.
  PAMKIT_DEVICE word exponent() const { return detail::add(shift, s.log2(sum)); }
  PAMKIT_DEVICE word logsumexp() const { return s.div(exponent(), s.log2e()); }
  /// The derivative that reaches every e(i).
  PAMKIT_DEVICE word logsumexp_vjp(word d) const {
    return s.log2_vjp(sum, s.div_vjp_a(exponent(), s.log2e(), d));
  }
};

template <class A>
struct softmax_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    const row_exponentials<A, Warp> row(w);
    w.write([&](std::int64_t i) {
      return row.is_all_masked() ? word{} : row.s.div(row.e(i), row.sum);
    });
  }
};

template <class A>
struct softmax_vjp_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    const row_exponentials<A, Warp> row(w);
    if (row.is_all_masked()) {  // so for all lanes
      w.write([](std::int64_t) { return word{}; });
      return;
    }
    const word d_sum =
        w.sum([&](std::int64_t i) { return row.s.div_vjp_b(row.e(i), row.sum, w.d(i)); });
    w.write([&](std::int64_t i) {
      return row.vjp(i, detail::add(row.s.div_vjp_a(row.e(i), row.sum, w.d(i)), d_sum));
    });
  }
};

template <class A>
struct logsumexp_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    w.write(row_exponentials<A, Warp>(w).logsumexp());
  }
};

template <class A>
struct logsumexp_vjp_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    const row_exponentials<A, Warp> row(w);
    const word d_e = row.logsumexp_vjp(w.d());
    w.write([&](std::int64_t i) { return row.vjp(i, d_e); });
  }
};

template <class A>
struct log_softmax_step {
  /// The value at i, once logsumexp is known.
  template <class Row>
  PAMKIT_DEVICE static word at(const Row& row, word logsumexp, std::int64_t i) {
    return row.is_all_masked() ? word{0xff800000U} : detail::subtract(row.w.x(i), logsumexp);
  }
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    const row_exponentials<A, Warp> row(w);
    const word value = row.logsumexp();
    w.write([&](std::int64_t i) { return at(row, value, i); });
  }
};

template <class A>
struct log_softmax_vjp_step {
  /// Writes the derivative towards x for the incoming d(i). x is used by logsumexp first and by the
  /// subtraction last.
  template <class Row, class Incoming>
  PAMKIT_DEVICE static void write(const Row& row, const Incoming& d) {
    const word d_e =
        row.logsumexp_vjp(row.w.sum([&](std::int64_t i) { return detail::negated(d(i)); }));
    row.w.write([&](std::int64_t i) {
      return row.is_masked(row.t(i)) ? word{} : detail::add(d(i), row.vjp(i, d_e));
    });
  }
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    write(row_exponentials<A, Warp>(w), [&](std::int64_t i) { return w.d(i); });
  }
};

// ---- Cross entropy
// -------------------------------------------------------------------------------

/// What both directions share: the targets of a row.
struct class_targets {
  template <class Warp>
  PAMKIT_DEVICE static bool is_ignored(const Warp& w) {
    return w.p.labels[w.row] == kIgnoredLabel;
  }
  template <class Warp>
  PAMKIT_DEVICE static word target(const Warp& w, std::int64_t i) {
    return std::int64_t{w.p.labels[w.row]} == i ? w.p.right : w.p.wrong;
  }
};

/// The loss of each row; +0 for an ignored one. A class whose target is 0 contributes +0.
template <class A>
struct cross_entropy_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    if (class_targets::is_ignored(w)) {
      w.write(word{});
      return;
    }
    const row_exponentials<A, Warp> row(w);
    const word value = row.logsumexp();
    w.write(detail::negated(w.sum([&](std::int64_t i) {
      const word target = class_targets::target(w, i);
      if (magnitude(target) == 0) return word{};
      return row.s.mul(log_softmax_step<A>::at(row, value, i), target);
    })));
  }
};

/// Its derivative; `d` is one word, the derivative towards the sum of the row losses.
template <class A>
struct cross_entropy_vjp_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    if (class_targets::is_ignored(w)) {
      w.write([](std::int64_t) { return word{}; });
      return;
    }
    const row_exponentials<A, Warp> row(w);
    const word value = row.logsumexp();
    const word d_loss = detail::negated({w.p.d[0]});
    log_softmax_vjp_step<A>::write(row, [&](std::int64_t i) {
      const word target = class_targets::target(w, i);
      if (magnitude(target) == 0) return word{};
      return row.s.mul_vjp_a(log_softmax_step<A>::at(row, value, i), target, d_loss);
    });
  }
};

// ---- Layer normalisation
// -------------------------------------------------------------------------

/// c / pasqrt(var + eps) of one row, with c = x - mean(x) and var = mean(pam(c, c)).
template <class A, class Warp>
struct normalised_row {
  const Warp& w;
  detail::layer_steps<A> s;
  word sum;
  word mean;
  word square_sum;
  word shifted;  ///< var + eps
  word root;

  PAMKIT_DEVICE explicit normalised_row(const Warp& warp)
      : w(warp), s(warp.template steps<A>()), sum{}, mean{}, square_sum{}, shifted{}, root{} {
    sum = w.sum([&](std::int64_t i) { return w.x(i); });
    mean = s.div(sum, w.p.n);
    square_sum = w.sum([&](std::int64_t i) { return s.mul(centred(i), centred(i)); });
    shifted = detail::add(s.div(square_sum, w.p.n), w.p.eps);
    root = s.sqrt(shifted);
  }

  PAMKIT_DEVICE word centred(std::int64_t i) const { return detail::subtract(w.x(i), mean); }
  PAMKIT_DEVICE word quotient(std::int64_t i) const { return s.div(centred(i), root); }
  PAMKIT_DEVICE word gain(std::int64_t i) const { return {w.p.gain[i]}; }
};

template <class A>
struct layer_norm_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    const normalised_row<A, Warp> row(w);
    w.write([&](std::int64_t i) {
      return detail::add(row.s.mul(row.quotient(i), row.gain(i)), {w.p.bias[i]});
    });
  }
};

/// Towards x, and in `terms` what each row adds to the derivative of the gain. c is used by the
/// square first and by the quotient last; x by the mean first and by the subtraction last.
template <class A>
struct layer_norm_vjp_step {
  template <class Warp>
  PAMKIT_DEVICE static void run(const Warp& w) {
    const normalised_row<A, Warp> row(w);
    const auto& s = row.s;
    w.for_each([&](std::int64_t i) {
      w.p.terms[w.row * w.p.length + i] = s.mul_vjp_b(row.quotient(i), row.gain(i), w.d(i)).bits;
    });
    const auto d_quotient = [&](std::int64_t i) {
      return s.mul_vjp_a(row.quotient(i), row.gain(i), w.d(i));
    };
    const word d_root =
        w.sum([&](std::int64_t i) { return s.div_vjp_b(row.centred(i), row.root, d_quotient(i)); });
    const word d_square = s.div_vjp_a(row.square_sum, w.p.n, s.sqrt_vjp(row.shifted, d_root));
    const auto d_centred = [&](std::int64_t i) {
      return detail::add(s.div_vjp_a(row.centred(i), row.root, d_quotient(i)),
                         s.square_vjp(row.centred(i), d_square));
    };
    const word d_mean = w.sum([&](std::int64_t i) { return detail::negated(d_centred(i)); });
    const word d_sum = s.div_vjp_a(row.sum, w.p.n, d_mean);
    w.write([&](std::int64_t i) { return detail::add(d_centred(i), d_sum); });
  }
};

}  // namespace pamkit::cuda
