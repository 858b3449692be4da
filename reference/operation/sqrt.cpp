/// sqrt: papow(x, 0.5) (eq. 20), and the IEEE square root.
#include "ieee.hpp"
#include "piecewise_affine.hpp"

namespace pamkit::reference {
namespace {

ordinary_result ordinary(std::span<const exact_value> x) {
  if (!x[0].is_finite() || x[0].value.is_negative()) return {};
  return {.exact = {}, .approximate = ordinary_sqrt(x[0].value)};
}

std::uint32_t half(const codec& c) { return c.encode(rational::power_of_two(-1)); }

// pasqrt(-0) is +0: the rule of papow for zero, with p = 0.5.
std::uint32_t pam_root(const rules& rules, operand_list x) {
  const codec c(rules);
  return papow(c, x[0], half(c));
}

std::vector<std::string> pam_steps(const rules& rules, operand_list x) {
  const codec c(rules);
  if (c.decode(x[0]).is_zero()) return {"x is zero: the rule for zero"};
  const std::uint32_t logarithm = palog2(c, x[0]);
  const std::uint32_t exponent = pam(c, logarithm, half(c));
  return {"l = palog2(x) = " + in_words(c, logarithm), "t = pam(l, 0.5) = " + in_words(c, exponent),
          "paexp2(t) = " + in_words(c, paexp2(c, exponent))};
}

std::uint32_t exact_root(const rules& rules, operand_list x) {
  return ieee_sqrt(unflushed(rules), x[0]);
}

constexpr scalar_definition kDefinitions[] = {
    {.name = "pam", .oracle = pam_root, .steps = pam_steps},
    {.name = "exact", .oracle = exact_root},
};

}  // namespace

namespace operation {
extern constinit const operation_definition sqrt{
    .name = "sqrt", .operands = 1, .ordinary = ordinary, .definitions = kDefinitions};
}  // namespace operation

}  // namespace pamkit::reference
