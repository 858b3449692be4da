#include "real/closed_integrals.hpp"

#include <limits>
#include <stdexcept>

namespace pamkit::reports {
namespace {

using real = high_precision;

real power(const real& x, int n) { return pow(x, n); }

// Antiderivatives in X. Of X^a:
real of_power(const real& x, int a) {
  if (a == -1) return log(x);
  return power(x, a + 1) / (a + 1);
}

// Of X^a / (c + s X), s = 1 or -1.
real of_fraction(const real& x, int a, const real& c, int s) {
  if (a == 0) return s * log(c + s * x);
  // X = s ((c + s X) - c)
  if (a > 0) return s * (of_power(x, a - 1) - c * of_fraction(x, a - 1, c, s));
  // c = (c + s X) - s X
  return (of_power(x, a) - s * of_fraction(x, a + 1, c, s)) / c;
}

// Of X^a ln(c + s X), by parts; 1 / X is the dilogarithm's own case, s = -1.
real of_logarithm(const real& x, int a, const real& c, int s) {
  if (a == -1) return log(c) * log(x) - dilogarithm(x / c);
  return (power(x, a + 1) * log(c + s * x) - s * of_fraction(x, a + 1, c, s)) / (a + 1);
}

// Of X^a times the antiderivative of Y^b at the border.
real along(const real& x, int a, int b, const border& line) {
  if (line.slope == 0) return of_power(x, a) * of_power(line.c, b);
  if (b == -1) return of_logarithm(x, a, line.c, line.slope);
  if (b == -2) return -of_fraction(x, a, line.c, line.slope);
  // (c + s X)^(b + 1) by the binomial theorem
  real sum = 0;
  real binomial = 1;
  for (int i = 0; i <= b + 1; ++i) {
    const int sign = line.slope < 0 && i % 2 != 0 ? -1 : 1;
    sum += sign * binomial * power(line.c, b + 1 - i) * of_power(x, a + i);
    binomial = binomial * (b + 1 - i) / (i + 1);
  }
  return sum / (b + 1);
}

}  // namespace

real dilogarithm(const real& x) {
  if (!(x >= 0 && x < real(9) / 10))
    throw std::domain_error("report: no dilogarithm by its series");
  real sum = 0;
  real term = x;
  for (int n = 1; term > std::numeric_limits<real>::epsilon() * sum; ++n, term *= x) {
    sum += term / (real(n) * n);
  }
  return sum;
}

real moment(const strip& s, int a, int b) {
  if (s.from >= s.to) return 0;
  return along(s.to, a, b, s.high) - along(s.from, a, b, s.high) - along(s.to, a, b, s.low) +
         along(s.from, a, b, s.low);
}

}  // namespace pamkit::reports
