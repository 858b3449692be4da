/// pam, the piecewise affine multiplication of arXiv 2305.17190 (eq. 5-8), with compensation
/// (section 2.7).
#include "piecewise_affine.hpp"

namespace pamkit::reference {

rational compensation_fraction(const rules& rules) {
  // binary32mN stores 23 fraction bits, and its compensation is binary32's.
  return rational(rules.compensation).scaled(-rules.format.fraction_bits);
}

std::uint32_t pam(const codec& c, std::uint32_t a, std::uint32_t b, const rational& f) {
  const exact_value x = c.decode(a);
  const exact_value y = c.decode(b);
  if (x.is_nan() || y.is_nan()) return c.nan();
  const bool negative = x.negative != y.negative;
  if (x.is_infinite() || y.is_infinite()) {
    return x.is_zero() || y.is_zero() ? c.nan() : c.infinity(negative);
  }
  if (x.is_zero() || y.is_zero()) return c.zero(negative);
  return c.encode(real_pam(x.value, y.value, f));
}

std::string pam_piece(const exact_value& a, const exact_value& b, const rational& f) {
  const rational sum = a.fraction() + b.fraction() + f;
  std::string named = f.is_zero() ? "Fa + Fb = " : "Fa + Fb + f = ";
  named += sum.to_string();
  if (sum < 1) return named + " < 1: no carry, 2^(Ea + Eb) (1 + " + sum.to_string() + ")";
  const integer carry = sum.floor();
  const std::string carried = rational(carry).to_string();
  return named + " >= " + carried + ": carry, 2^(Ea + Eb + " + carried + ") (1 + " +
         (sum - rational(carry)).to_string() + ")";
}

namespace arithmetic {
extern constinit const arithmetic_definition pam =
    compensated_pam<compensation_fraction>::named("pam");
}  // namespace arithmetic

}  // namespace pamkit::reference
