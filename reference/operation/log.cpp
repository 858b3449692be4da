/// log: pad(palog2(x), log2e) (eq. 19), and the true log.
#include "elementary.hpp"
#include "piecewise_affine.hpp"

namespace pamkit::reference {
namespace {

ordinary_result ordinary(std::span<const exact_value> x) {
  if (x[0].kind != value_kind::finite || x[0].negative) return {};
  return {.exact = {}, .approximate = ordinary_log(x[0].value)};
}

std::uint32_t pam_logarithm(const rules& rules, operand_list x) {
  const codec c(rules);
  return pad(c, palog2(c, x[0]), log2e(c.format()));
}

std::vector<std::string> pam_steps(const rules& rules, operand_list x) {
  const codec c(rules);
  const std::uint32_t constant = log2e(c.format());
  const std::uint32_t logarithm = palog2(c, x[0]);
  return {"t = palog2(x) = " + in_words(c, logarithm), "log2e = " + in_words(c, constant),
          "pad(t, log2e) = " + in_words(c, pad(c, logarithm, constant))};
}

true_result exact_logarithm(const codec& c, operand_list x) {
  const exact_value v = c.decode(x[0]);
  if (v.is_nan()) return true_result::of_encoding(c.nan());
  if (v.is_zero()) return true_result::of_encoding(c.infinity(true));
  if (v.negative) return true_result::of_encoding(c.nan());
  if (v.is_infinite()) return true_result::of_encoding(c.infinity(false));
  if (v.value == 1) return true_result::of_number(0);
  const rational y = approximate_log2(v.value) * approximate_ln2();
  return {.negative = y.is_negative(),
          .magnitude = abs(y),
          .refine = [](const rational& a, const rational&) -> high_precision {
            return abs(ordinary_log(a));
          },
          .x = v.value};
}

constexpr scalar_definition kDefinitions[] = {
    {.name = "pam", .oracle = pam_logarithm, .steps = pam_steps},
    {.name = "exact",
     .oracle = rounded<exact_logarithm>,
     .admissible = admissible_for<exact_logarithm>},
};

}  // namespace

namespace operation {
extern constinit const operation_definition log{
    .name = "log", .operands = 1, .ordinary = ordinary, .definitions = kDefinitions};
}  // namespace operation

}  // namespace pamkit::reference
