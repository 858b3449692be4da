/// l_mul: pam with the fixed compensation 2^-l (arXiv 2410.00907). Products only.
#include "piecewise_affine.hpp"

namespace pamkit::reference {
namespace {

// 2^-l: l = N for N <= 3, 3 for N = 4, 4 above, N the fraction bits of the format that the operands
// are of, or were of before they were widened.
rational offset(const rules& rules) {
  const int n = rules.widened_from_bits != 0 ? rules.widened_from_bits : rules.format.kept_bits;
  const int l = n <= 3 ? n : n == 4 ? 3 : 4;
  return rational::power_of_two(-l);
}

}  // namespace

namespace arithmetic {
extern constinit const arithmetic_definition l_mul = compensated_pam<offset>::named("l_mul");
}  // namespace arithmetic

}  // namespace pamkit::reference
