/// exp2: paexp2 (eq. 9), and the true exp2.
#include "elementary.hpp"
#include "piecewise_affine.hpp"

namespace pamkit::reference {
std::uint32_t paexp2(const codec& c, std::uint32_t bits) {
  const exact_value x = c.decode(bits);
  if (x.is_nan()) return c.nan();
  if (x.is_infinite()) return x.negative ? c.zero(false) : c.infinity(false);
  return c.encode(real_paexp2(limited_exponent(x.value)));
}

namespace {

ordinary_result ordinary(std::span<const exact_value> x) {
  if (!x[0].is_finite()) return {};
  return {.exact = {}, .approximate = ordinary_exp2(limited_exponent(x[0].value))};
}

std::uint32_t pam_power(const rules& rules, operand_list x) { return paexp2(codec(rules), x[0]); }

std::optional<rational> pam_real(const rules& rules, operand_list x) {
  const exact_value v = codec(rules).decode(x[0]);
  if (!v.is_finite()) return std::nullopt;
  return real_paexp2(limited_exponent(v.value));
}

std::string pam_piece(const rules& rules, operand_list x) {
  const rational v = limited_exponent(codec(rules).decode(x[0]).value);
  const rational whole(v.floor());
  std::string text = "floor(x) = ";
  text += whole.to_string();
  return text + ": 2^" + whole.to_string() + " (1 + " + (v - whole).to_string() + ")";
}

true_result exact_power(const codec& c, operand_list x) {
  const exact_value v = c.decode(x[0]);
  if (v.is_nan()) return true_result::of_encoding(c.nan());
  if (v.is_infinite()) {
    return true_result::of_encoding(v.negative ? c.zero(false) : c.infinity(false));
  }
  const rational t = limited_exponent(v.value);
  // 2^x is rational only where x is an integer.
  if (t.is_integer()) {
    return true_result::of_number(rational::power_of_two(t.floor().convert_to<std::int64_t>()));
  }
  return {.magnitude = approximate_exp2(t),
          .refine = [](const rational& p, const rational&) { return ordinary_exp2(p); },
          .x = t};
}

constexpr scalar_definition kDefinitions[] = {
    {.name = "pam", .oracle = pam_power, .real = pam_real, .piece = pam_piece},
    {.name = "exact", .oracle = rounded<exact_power>, .admissible = admissible_for<exact_power>},
};

}  // namespace

namespace operation {
extern constinit const operation_definition exp2{
    .name = "exp2", .operands = 1, .ordinary = ordinary, .definitions = kDefinitions};
}  // namespace operation

}  // namespace pamkit::reference
