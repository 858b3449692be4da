/// exp: paexp2(pam(x, log2e)) (eq. 18), and the true exp.
#include "elementary.hpp"
#include "piecewise_affine.hpp"

namespace pamkit::reference {
namespace {

ordinary_result ordinary(std::span<const exact_value> x) {
  if (!x[0].is_finite()) return {};
  return {.exact = {}, .approximate = ordinary_exp(limited_exponent(x[0].value))};
}

std::uint32_t pam_power(const rules& rules, operand_list x) {
  const codec c(rules);
  return paexp2(c, pam(c, x[0], log2e(c.format())));
}

std::vector<std::string> pam_steps(const rules& rules, operand_list x) {
  const codec c(rules);
  const std::uint32_t constant = log2e(c.format());
  const std::uint32_t exponent = pam(c, x[0], constant);
  return {"log2e = " + in_words(c, constant), "t = pam(x, log2e) = " + in_words(c, exponent),
          "paexp2(t) = " + in_words(c, paexp2(c, exponent))};
}

true_result exact_power(const codec& c, operand_list x) {
  const exact_value v = c.decode(x[0]);
  if (v.is_nan()) return true_result::of_encoding(c.nan());
  if (v.is_infinite()) {
    return true_result::of_encoding(v.negative ? c.zero(false) : c.infinity(false));
  }
  if (v.is_zero()) return true_result::of_number(1);
  const rational t = limited_exponent(v.value);
  return {.magnitude = approximate_exp2(t * approximate_log2e()),
          .refine = [](const rational& p, const rational&) { return ordinary_exp(p); },
          .x = t};
}

constexpr scalar_definition kDefinitions[] = {
    {.name = "pam", .oracle = pam_power, .steps = pam_steps},
    {.name = "exact", .oracle = rounded<exact_power>, .admissible = admissible_for<exact_power>},
};

}  // namespace

namespace operation {
extern constinit const operation_definition exp{
    .name = "exp", .operands = 1, .ordinary = ordinary, .definitions = kDefinitions};
}  // namespace operation

}  // namespace pamkit::reference
