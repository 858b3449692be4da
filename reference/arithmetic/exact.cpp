/// exact: IEEE 754 multiplication with gradual underflow whatever the policy. A product past the
/// largest finite value follows the overflow policy, in every format.
#include "definition.hpp"
#include "ieee.hpp"

namespace pamkit::reference {
namespace {

std::uint32_t product(const rules& rules, operand_list x) {
  return ieee_multiply(unflushed(rules), x[0], x[1]);
}

std::optional<rational> real_product(const rules& rules, operand_list x) {
  const codec c = unflushed(rules);
  const exact_value a = c.decode(x[0]);
  const exact_value b = c.decode(x[1]);
  if (!a.is_finite() || !b.is_finite()) return std::nullopt;
  return a.value * b.value;
}

// The derivative of a true product is a true product, under either name.
std::uint32_t vjp_a(const rules& rules, operand_list x) {
  return ieee_multiply(unflushed(rules), x[0], x[2]);
}

std::uint32_t vjp_b(const rules& rules, operand_list x) {
  return ieee_multiply(unflushed(rules), x[0], x[1]);
}

constexpr scalar_definition kDefinitions[] = {
    {.name = "mul", .oracle = product, .real = real_product},
};

}  // namespace

namespace arithmetic {
extern constinit const arithmetic_definition exact{
    .name = "exact",
    .never_flushes = true,
    .definitions = kDefinitions,
    .approx_a = vjp_a,
    .approx_b = vjp_b,
    .exact_a = vjp_a,
    .exact_b = vjp_b,
};
}  // namespace arithmetic

}  // namespace pamkit::reference
