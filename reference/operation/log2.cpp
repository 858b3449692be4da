/// log2: palog2 (eq. 10), and the true log2.
#include "elementary.hpp"
#include "piecewise_affine.hpp"

namespace pamkit::reference {

// Zeros of both signs, flushed subnormals among them, come before the test for negative operands.
std::uint32_t palog2(const codec& c, std::uint32_t bits) {
  const exact_value x = c.decode(bits);
  if (x.is_nan()) return c.nan();
  if (x.is_zero()) return c.infinity(true);
  if (x.negative) return c.nan();
  if (x.is_infinite()) return c.infinity(false);
  return c.encode(real_palog2(x.value));  // palog2(1) is +0
}

namespace {

ordinary_result ordinary(std::span<const exact_value> x) {
  if (x[0].kind != value_kind::finite || x[0].negative) return {};
  return {.exact = {}, .approximate = ordinary_log2(x[0].value)};
}

std::uint32_t pam_logarithm(const rules& rules, operand_list x) {
  return palog2(codec(rules), x[0]);
}

std::optional<rational> pam_real(const rules& rules, operand_list x) {
  const exact_value v = codec(rules).decode(x[0]);
  if (v.kind != value_kind::finite || v.negative) return std::nullopt;
  return real_palog2(v.value);
}

std::string pam_piece(const rules& rules, operand_list x) {
  const rational v = codec(rules).decode(x[0]).value;
  return "E + F = " + std::to_string(v.exponent()) + " + " + v.fraction().to_string();
}

true_result exact_logarithm(const codec& c, operand_list x) {
  const exact_value v = c.decode(x[0]);
  if (v.is_nan()) return true_result::of_encoding(c.nan());
  if (v.is_zero()) return true_result::of_encoding(c.infinity(true));
  if (v.negative) return true_result::of_encoding(c.nan());
  if (v.is_infinite()) return true_result::of_encoding(c.infinity(false));
  // log2 x is rational only where x is a power of two.
  if (v.value.fraction().is_zero()) return true_result::of_number(v.value.exponent());
  const rational y = approximate_log2(v.value);
  return {.negative = y.is_negative(),
          .magnitude = abs(y),
          .refine = [](const rational& a, const rational&) -> high_precision {
            return abs(ordinary_log2(a));
          },
          .x = v.value};
}

constexpr scalar_definition kDefinitions[] = {
    {.name = "pam", .oracle = pam_logarithm, .real = pam_real, .piece = pam_piece},
    {.name = "exact",
     .oracle = rounded<exact_logarithm>,
     .admissible = admissible_for<exact_logarithm>},
};

}  // namespace

namespace operation {
extern constinit const operation_definition log2{
    .name = "log2", .operands = 1, .ordinary = ordinary, .definitions = kDefinitions};
}  // namespace operation

}  // namespace pamkit::reference
