/// div: pad, the piecewise affine division (eq. 14-17), and IEEE division.
#include "ieee.hpp"
#include "piecewise_affine.hpp"

namespace pamkit::reference {

std::uint32_t pad(const codec& c, std::uint32_t a, std::uint32_t b, const rational& f) {
  const exact_value x = c.decode(a);
  const exact_value y = c.decode(b);
  if (x.is_nan() || y.is_nan()) return c.nan();
  const bool negative = x.negative != y.negative;
  if (x.is_infinite()) return y.is_infinite() ? c.nan() : c.infinity(negative);
  if (y.is_zero()) return x.is_zero() ? c.nan() : c.infinity(negative);
  if (x.is_zero() || y.is_infinite()) return c.zero(negative);
  return c.encode(real_pad(x.value, y.value, f));
}

namespace {

ordinary_result ordinary(std::span<const exact_value> x) {
  if (!x[0].is_finite() || x[1].kind != value_kind::finite) return {};
  return {.exact = ordinary_quotient(x[0].value, x[1].value), .approximate = {}};
}

std::uint32_t pam_quotient(const rules& rules, operand_list x) {
  return pad(codec(rules), x[0], x[1], compensation_fraction(rules));
}

std::optional<rational> pam_real(const rules& rules, operand_list x) {
  const codec c(rules);
  const exact_value a = c.decode(x[0]);
  const exact_value b = c.decode(x[1]);
  if (a.kind != value_kind::finite || b.kind != value_kind::finite) return std::nullopt;
  return real_pad(a.value, b.value, compensation_fraction(rules));
}

std::string pam_piece(const rules& rules, operand_list x) {
  const codec c(rules);
  const rational f = compensation_fraction(rules);
  const rational difference = c.decode(x[0]).fraction() - c.decode(x[1]).fraction() - f;
  std::string named = f.is_zero() ? "Fa - Fb = " : "Fa - Fb - f = ";
  named += difference.to_string();
  const integer borrow = -difference.floor();
  if (borrow.is_zero()) {
    return named + " >= 0: no borrow, 2^(Ea - Eb) (1 + " + difference.to_string() + ")";
  }
  return named + " < 0: borrow, 2^(Ea - Eb - " + rational(borrow).to_string() + ") (1 + " +
         (difference + rational(borrow)).to_string() + ")";
}

std::uint32_t exact_quotient(const rules& rules, operand_list x) {
  return ieee_divide(unflushed(rules), x[0], x[1]);
}

std::optional<rational> exact_real(const rules& rules, operand_list x) {
  const codec c = unflushed(rules);
  const exact_value a = c.decode(x[0]);
  const exact_value b = c.decode(x[1]);
  if (!a.is_finite() || b.kind != value_kind::finite) return std::nullopt;
  return a.value / b.value;
}

constexpr scalar_definition kDefinitions[] = {
    {.name = "pam", .oracle = pam_quotient, .real = pam_real, .piece = pam_piece},
    {.name = "exact", .oracle = exact_quotient, .real = exact_real},
};

}  // namespace

namespace operation {
extern constinit const operation_definition div{
    .name = "div", .operands = 2, .ordinary = ordinary, .definitions = kDefinitions};
}  // namespace operation

}  // namespace pamkit::reference
