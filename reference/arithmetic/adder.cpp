/// adder: minus the distance of the operands, -abs(RN(a - b)) (AdderNet, CVPR 2020).
#include "definition.hpp"
#include "ieee.hpp"

namespace pamkit::reference {
namespace {

// One rounding, never flushed. In binary32 this is IEEE subtraction, whose overflow is infinity
// whatever the overflow policy; in the other formats, binary32mN with N = 23 among them, overflow
// follows the policy.
codec adding(const rules& rules) {
  const bool ieee = rules.format.name == "binary32";
  return {rules, subnormal_policy::gradual, ieee ? overflow_policy::infinity : rules.overflow};
}

// Equal finite operands give -0; infinities of one sign NaN.
std::uint32_t product(const rules& rules, operand_list x) {
  const codec c = adding(rules);
  const std::uint32_t difference = ieee_subtract(c, x[0], x[1]);
  return rules.format.is_nan(difference) ? c.nan() : difference | rules.format.sign_mask;
}

std::optional<rational> real_product(const rules& rules, operand_list x) {
  const codec c = adding(rules);
  const exact_value a = c.decode(x[0]);
  const exact_value b = c.decode(x[1]);
  if (!a.is_finite() || !b.is_finite()) return std::nullopt;
  return -abs(a.value - b.value);
}

// Limits to [-1, 1]; a NaN is kept.
std::uint32_t clipped(const codec& c, std::uint32_t x) {
  const exact_value v = c.decode(x);
  const std::uint32_t sign = v.negative ? c.format().sign_mask : 0U;
  if (v.is_infinite() || abs(v.value) > 1) return sign | c.one();
  return x;
}

// AdderNet's gradients: the input's, of a, is clipped to [-1, 1], the weight's, of b, is the full
// difference.
std::uint32_t approx_a(const rules& rules, operand_list x) {
  const codec c = adding(rules);
  return ieee_multiply(c, x[0], clipped(c, ieee_subtract(c, x[2], x[1])));
}

std::uint32_t approx_b(const rules& rules, operand_list x) {
  const codec c = adding(rules);
  return ieee_multiply(c, x[0], ieee_subtract(c, x[1], x[2]));
}

constexpr scalar_definition kDefinitions[] = {
    {.name = "mul", .oracle = product, .real = real_product},
};

}  // namespace

namespace arithmetic {
extern constinit const arithmetic_definition adder{
    .name = "adder",
    .never_flushes = true,
    .definitions = kDefinitions,
    .approx_a = approx_a,
    .approx_b = approx_b,
};
}  // namespace arithmetic

}  // namespace pamkit::reference
