/// pow: paexp2(pam(palog2(x), p)), and the true pow with C's special cases.
#include "elementary.hpp"
#include "piecewise_affine.hpp"

namespace pamkit::reference {

// A zero x has its own rule (section 5): +0, 1 or infinity as p is positive, zero or negative. A
// NaN operand gives NaN there too.
std::uint32_t papow(const codec& c, std::uint32_t x, std::uint32_t p) {
  const exact_value base = c.decode(x);
  const exact_value exponent = c.decode(p);
  if (base.is_nan() || exponent.is_nan()) return c.nan();
  if (base.is_zero()) {
    if (exponent.is_zero()) return c.one();
    return exponent.negative ? c.infinity(false) : c.zero(false);
  }
  return paexp2(c, pam(c, palog2(c, x), p));
}

namespace {

bool is_odd_integer(const rational& p) { return p.is_integer() && !p.scaled(-1).is_integer(); }

ordinary_result ordinary(std::span<const exact_value> x) {
  if (x[0].kind != value_kind::finite || x[0].negative || !x[1].is_finite()) return {};
  return {.exact = {}, .approximate = ordinary_pow(x[0].value, x[1].value)};
}

std::uint32_t pam_power(const rules& rules, operand_list x) {
  return papow(codec(rules), x[0], x[1]);
}

std::vector<std::string> pam_steps(const rules& rules, operand_list x) {
  const codec c(rules);
  if (c.decode(x[0]).is_zero()) return {"x is zero: the rule for zero"};
  const std::uint32_t logarithm = palog2(c, x[0]);
  const std::uint32_t exponent = pam(c, logarithm, x[1]);
  return {"l = palog2(x) = " + in_words(c, logarithm), "t = pam(l, p) = " + in_words(c, exponent),
          "paexp2(t) = " + in_words(c, paexp2(c, exponent))};
}

// x^p where it is a number of few bits, so that it could lie on a rounding edge; nothing elsewhere.
// x = odd 2^e and p = m / 2^k. The power is dyadic only if odd is 1 (then a power of two where e p
// is an integer), or if p > 0 and odd is a 2^k-th power.
std::optional<rational> dyadic_power(const rational& x, const rational& p) {
  const integer numerator = x.numerator();
  const integer odd = numerator >> lsb(numerator);
  const std::int64_t e = x.exponent() - static_cast<std::int64_t>(msb(odd));
  const rational scale = rational(e) * p;
  // A power of two that far away needs no exact treatment; with another odd part p is too large
  // below.
  constexpr std::int64_t kFarOutside = 1 << 20;
  if (!scale.is_integer() || abs(scale) > kFarOutside) return std::nullopt;
  const auto shift = scale.floor().convert_to<std::int64_t>();
  if (odd == 1) return rational::power_of_two(shift);
  if (p.is_negative()) return std::nullopt;
  integer root = odd;
  for (integer halvings = p.denominator(); halvings > 1; halvings >>= 1) {
    integer remainder;
    root = sqrt(root, remainder);
    if (!remainder.is_zero()) return std::nullopt;
  }
  // root >= 3; its powers past the 40th have more than 60 bits and lie on no rounding edge.
  const integer m = p.numerator();
  if (m > 40) return std::nullopt;
  return rational(integer(pow(root, m.convert_to<unsigned>()))).scaled(shift);
}

true_result positive_power(const rational& x, const rational& p, bool negative) {
  if (auto power = dyadic_power(x, p)) {
    true_result result = true_result::of_number(*power);
    result.negative = negative;
    return result;
  }
  return {.negative = negative,
          .magnitude = approximate_exp2(p * approximate_log2(x)),
          .refine = ordinary_pow,
          .x = x,
          .y = p};
}

// C's special cases (C17 F.10.4.4), but a NaN operand always gives NaN.
true_result exact_power(const codec& c, operand_list operands) {
  const exact_value x = c.decode(operands[0]);
  const exact_value p = c.decode(operands[1]);
  const auto encoding = [](std::uint32_t bits) { return true_result::of_encoding(bits); };
  if (x.is_nan() || p.is_nan()) return encoding(c.nan());
  if (p.is_zero()) return encoding(c.one());
  const rational size = abs(x.value);
  if (p.is_infinite()) {
    if (size == 1) return encoding(c.one());
    const bool above_one = x.is_infinite() || size > 1;
    return encoding(above_one != p.negative ? c.infinity(false) : c.zero(false));
  }
  const bool odd = is_odd_integer(p.value);
  const bool negative = x.negative && odd;
  if (x.is_infinite()) return encoding(p.negative ? c.zero(negative) : c.infinity(negative));
  if (x.is_zero()) return encoding(p.negative ? c.infinity(negative) : c.zero(negative));
  if (x.negative && !p.value.is_integer()) return encoding(c.nan());
  return positive_power(size, p.value, negative);
}

constexpr scalar_definition kDefinitions[] = {
    {.name = "pam", .oracle = pam_power, .steps = pam_steps},
    {.name = "exact", .oracle = rounded<exact_power>, .admissible = admissible_for<exact_power>},
};

}  // namespace

namespace operation {
extern constinit const operation_definition pow{
    .name = "pow", .operands = 2, .ordinary = ordinary, .definitions = kDefinitions};
}  // namespace operation

}  // namespace pamkit::reference
