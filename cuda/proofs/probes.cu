// One thread, one result: what the kernels do to a pair of operands, small enough to be proved.
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

/// A term of class threshold; +0 where there is none.
PAMKIT_DEVICE word threshold_product(const policy<binary32>& rules, word x, word y) {
  const word prepared{y.bits - offset_of(rules)};
  return threshold_term::reaches(x, threshold_term::limit(rules, y))
             ? fast_term::product(x, prepared)
             : word{};
}

/// A term of class hybrid, whose slab is this pair alone. `margin` widens the range of class fast.
PAMKIT_DEVICE word hybrid_product(const policy<binary32>& rules, word x, word y,
                                  std::uint32_t margin) {
  using hybrid = hybrid_class<arith::pam>;
  const std::uint32_t seen = hybrid::see({x.bits + margin}) | hybrid::see({y.bits + margin});
  if ((seen & 1U) == 0) return fast_term::product(x, {y.bits - offset_of(rules)});
  if (rules.subnormals == subnormal_policy::gradual || (seen & 2U) != 0) {
    return arith::pam::mul(rules, x, y);
  }
  return threshold_product(rules, x, y);
}

/// A term of power_of_two in class threshold, whose y is rounded before.
PAMKIT_DEVICE word rounded_product(const policy<binary32>& rules, word x, word y) {
  return threshold_term::reaches(x, rounded_hybrid_class::limit(rules, y))
             ? fast_term::product(x, {rounded_hybrid_class::prepared(rules, y)})
             : word{};
}

/// The slope that class slope multiplies by: its term is x + slope - ONE, as of class fast.
/// `nudge` is added before the fraction is cleared.
PAMKIT_DEVICE word slope_of(const policy<binary32>& rules, word own, word y, std::uint32_t nudge) {
  using slopes = slope_class<arith::pam>;
  const std::uint32_t sum = slopes::prepared_own(rules, own) + slopes::prepared(rules, y) + nudge;
  return {(sum & kBinade) + kOne};
}

}  // namespace
}  // namespace pamkit::cuda

using namespace pamkit::cuda;

#define PAMKIT_PROBE(NAME, ...)                                                    \
  extern "C" __global__ void NAME(std::uint32_t x_bits, std::uint32_t y_bits,      \
                                  std::uint8_t gradual, std::uint8_t saturate,     \
                                  std::int32_t compensation, std::uint32_t* out) { \
    const auto rules = rules_of(gradual, saturate, compensation);                  \
    const word x{x_bits};                                                          \
    const word y{y_bits};                                                          \
    const word result = __VA_ARGS__;                                               \
    *out = result.bits;                                                            \
  }

PAMKIT_PROBE(probe_mul, pamkit::arith::pam::mul(rules, x, y))
PAMKIT_PROBE(probe_div, pamkit::arith::pam::div(rules, x, y))
PAMKIT_PROBE(probe_fast, fast_term::product(x, {y.bits - offset_of(rules)}))
PAMKIT_PROBE(probe_threshold, threshold_product(rules, x, y))
PAMKIT_PROBE(probe_hybrid, hybrid_product(rules, x, y, 0))
PAMKIT_PROBE(probe_rounded, rounded_product(rules, x, y))
PAMKIT_PROBE(probe_slope, slope_of(rules, x, y, 0))

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
PAMKIT_PROBE(planted_fast, fast_term::product(x, {y.bits - offset_of(rules) + 1}))
// > for >=.
PAMKIT_PROBE(planted_threshold, [&] {
  const float magnitude = std::fabs(std::bit_cast<float>(x_bits));
  const float limit = std::bit_cast<float>(threshold_term::limit(rules, y));
  return magnitude > limit ? fast_term::product(x, {y_bits - offset_of(rules)}) : word{};
}())
// The range of class fast ends one binade too late.
PAMKIT_PROBE(planted_hybrid, hybrid_product(rules, x, y, 0xff800000U))
// Halves are rounded down.
PAMKIT_PROBE(planted_rounded, rounded_product(rules, x, {y.bits - 1}))
// Fractions and compensation carry one unit too late.
PAMKIT_PROBE(planted_slope, slope_of(rules, x, y, ~0U))
