// One thread, one result: what the kernels do to two or three operands, small enough to be proved.
// Each probe_X stands beside planted_X, the same with a fault that the proof has to find.
#include "pamkit/arith/pam.hpp"
#include "pamkit/cuda/terms.cuh"

namespace pamkit::cuda {
namespace {

PAMKIT_DEVICE policy<binary32> rules_of(std::uint8_t gradual, std::uint8_t saturate,
                                        std::int32_t compensation) {
  return {gradual != 0 ? subnormal_policy::gradual : subnormal_policy::flush,
          saturate != 0 ? overflow_policy::saturate : overflow_policy::infinity,
          compensation,
          {}};
}

/// The only thread of its block.
struct lone_thread {
  PAMKIT_DEVICE static void barrier() {}
  PAMKIT_DEVICE static bool any_of_block(bool b) { return b; }
};

/// The term of one pair, added to +0.
template <class Term>
PAMKIT_DEVICE word added(const policy<binary32>& rules, derivative gradient, word x, word y,
                         std::uint32_t limit, word own) {
  word sum{};
  if constexpr (std::is_void_v<Term>) {
    return sum;
  } else if constexpr (requires { Term::add(rules, gradient, sum, x, y, own); }) {
    Term::add(rules, gradient, sum, x, y, own);
  } else if constexpr (Term::reads_limits && Term::reads_own) {
    Term::add(sum, x, y, limit, own);
  } else if constexpr (Term::reads_limits) {
    Term::add(sum, x, y, limit);
  } else {
    Term::add(sum, x, y);
  }
  return sum;
}

/// What a kernel of this class makes of a slab that is one pair, of an output with this operand of
/// its own: all that is decided about operands is the class's.
template <class Class>
PAMKIT_DEVICE word term_of(const policy<binary32>& rules, word x, word y, word own = {},
                           derivative gradient = derivative::approx) {
  std::uint32_t seen = Class::see(x) | Class::see(y);
  if constexpr (Class::has_own) seen |= Class::see_own(own);
  const slab_class chosen = Class::agree(lone_thread{}, rules, seen);
  const word prepared{Class::prepared(rules, y)};
  const std::uint32_t limit = Class::has_limits ? Class::limit(rules, y) : 0;
  const word prepared_own{Class::has_own ? Class::prepared_own(rules, own) : 0};
  if (Class::is_fast(chosen)) {
    return added<typename Class::fast>(rules, gradient, x, prepared, limit, prepared_own);
  }
  if (Class::is_threshold(chosen)) {
    return added<typename Class::threshold>(rules, gradient, x, prepared, limit, prepared_own);
  }
  return added<typename Class::full>(rules, gradient, x, prepared, limit, prepared_own);
}

using hybrid = hybrid_class<arith::pam>;
using slopes = slope_class<arith::pam>;

// Classes with a fault each.
struct biased_fast : fast_class {
  PAMKIT_DEVICE static std::uint32_t prepared(const policy<binary32>& rules, word y) {
    return fast_class::prepared(rules, y) + 1;
  }
};
struct late_threshold : threshold_class {
  PAMKIT_DEVICE static std::uint32_t limit(const policy<binary32>& rules, word y) {
    return threshold_class::limit(rules, y) + 1;
  }
};
struct wide_hybrid : hybrid {
  PAMKIT_DEVICE static std::uint32_t see(word x) { return hybrid::see({x.bits - kMin}); }
};
struct late_slopes : slopes {
  PAMKIT_DEVICE static std::uint32_t prepared(const policy<binary32>& rules, word y) {
    return slopes::prepared(rules, y) - 1;
  }
};

}  // namespace
}  // namespace pamkit::cuda

using namespace pamkit::cuda;

#define PAMKIT_PROBE(NAME, ...)                                                                 \
  extern "C" __global__ void NAME(                                                              \
      std::uint32_t x_bits, std::uint32_t y_bits, std::uint32_t own_bits, std::uint8_t gradual, \
      std::uint8_t saturate, std::int32_t compensation, std::uint32_t* out) {                   \
    const auto rules = rules_of(gradual, saturate, compensation);                               \
    const word x{x_bits};                                                                       \
    const word y{y_bits};                                                                       \
    [[maybe_unused]] const word own{own_bits};                                                  \
    const word result = __VA_ARGS__;                                                            \
    *out = result.bits;                                                                         \
  }

PAMKIT_PROBE(probe_mul, pamkit::arith::pam::mul(rules, x, y))
PAMKIT_PROBE(probe_div, pamkit::arith::pam::div(rules, x, y))
PAMKIT_PROBE(probe_fast, term_of<fast_class>(rules, x, y))
PAMKIT_PROBE(probe_threshold, term_of<threshold_class>(rules, x, y))
PAMKIT_PROBE(probe_hybrid, term_of<hybrid>(rules, x, y))
PAMKIT_PROBE(probe_gradual, term_of<hybrid>(rules, x, y))
PAMKIT_PROBE(probe_rounded, term_of<rounded_hybrid_class>(rules, x, y))
PAMKIT_PROBE(probe_slope, term_of<slopes>(rules, x, y, own, pamkit::derivative::exact))

// The sign of a zero is lost.
PAMKIT_PROBE(planted_mul, [&] {
  const word z = pamkit::arith::pam::mul(rules, x, y);
  return word{z.bits == 0x80000000U ? 0U : z.bits};
}())
// The bias is off by one unit, but for zeros, infinities and NaNs.
PAMKIT_PROBE(planted_div, [&] {
  const word z = pamkit::arith::pam::div(rules, x, y);
  return word{(z.bits & kMagnitude) - 1 < kInfinity - 2 ? z.bits + 1 : z.bits};
}())
// The bias is off by one unit.
PAMKIT_PROBE(planted_fast, term_of<biased_fast>(rules, x, y))
// > for >=.
PAMKIT_PROBE(planted_threshold, term_of<late_threshold>(rules, x, y))
// The range of class fast ends one binade too late.
PAMKIT_PROBE(planted_hybrid, term_of<wide_hybrid>(rules, x, y))
// Class threshold under gradual underflow, which it flushes.
PAMKIT_PROBE(planted_gradual, term_of<threshold_class>(rules, x, y))
// Halves are rounded down.
PAMKIT_PROBE(planted_rounded, term_of<rounded_hybrid_class>(rules, x, {y.bits - 1}))
// Fractions and compensation carry one unit too late.
PAMKIT_PROBE(planted_slope, term_of<late_slopes>(rules, x, y, own, pamkit::derivative::exact))
