/// mul_da: the slope of a product with respect to its first operand. The arithmetics that are a pam
/// define it in their own files, with their compensation.
#include "piecewise_affine.hpp"

namespace pamkit::reference {

// sign(b) 2^(Eb + [Fa + Fb >= 1]); with compensation the bracket is floor(Fa + Fb + f).
// Fa counts as 0 where a is zero or infinite.
std::uint32_t pam_slope(const codec& c, std::uint32_t a, std::uint32_t b, const rational& f) {
  const exact_value x = c.decode(a);
  const exact_value y = c.decode(b);
  if (x.is_nan() || y.is_nan()) return c.nan();
  if (y.is_zero()) return c.zero(y.negative);
  if (y.is_infinite()) return c.infinity(y.negative);
  const auto carry = (x.fraction() + y.fraction() + f).floor().convert_to<std::int64_t>();
  return c.encode(rational::power_of_two(y.value.exponent() + carry), y.negative);
}

namespace operation {
extern constinit const operation_definition mul_da{
    .name = "mul_da", .operands = 2, .ordinary = nullptr, .definitions = {}};
}  // namespace operation

}  // namespace pamkit::reference
