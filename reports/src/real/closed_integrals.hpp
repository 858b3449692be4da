#pragma once

#include "pamkit/reference/rational.hpp"

/// Integrals of monomials over pieces of the square of two operands in [1, 2], in closed form:
/// powers, logarithms and one dilogarithm. They are evaluated to 50 digits, of which the sums that
/// the errors' means are lose fewer than ten, so that a binary64 number made of one is rounded from
/// more than twice its digits.

namespace pamkit::reports {

using reference::high_precision;

/// The line Y = c + slope X, slope 1 or -1, or (slope 0) Y = c.
struct border {
  high_precision c = 0;
  int slope = 0;
};

/// from <= X <= to, low(X) <= Y <= high(X): a part of the square on which a result has one formula.
struct strip {
  high_precision from;
  high_precision to;
  border low;
  border high;
};

/// The sum of x^n / n^2 by its series. Throws std::domain_error unless 0 <= x < 0.9.
high_precision dilogarithm(const high_precision& x);

/// The integral of X^a Y^b over a strip, a >= -2 and b >= -2. With a = b = -1 a border's slope is 0
/// or -1, its c above X on the strip (the dilogarithm's argument is X / c); with b = -2 and a < 0
/// its c is not 0.
high_precision moment(const strip& s, int a, int b);

}  // namespace pamkit::reports
