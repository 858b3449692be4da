#include "real/real_unary.hpp"

#include <stdexcept>

namespace pamkit::reports {
namespace {

using real = reference::high_precision;

real ratio(int p, int q) { return real(p) / q; }
real ln2() { return log(real(2)); }
real root2() { return sqrt(real(2)); }

// 1 + F against 2^F: the ratio is greatest where 1 / (1 + F) = ln 2, the difference where 2^F = 1 /
// ln 2.
real_unary_errors exp2_errors() {
  const real L = ln2();
  real_unary_errors e;
  e.least = {0, 0, "0"};
  e.greatest = {2 / (exp(real(1)) * L) - 1, 1 / L - 1, "1 / ln 2 - 1"};
  e.mean = 1 / (2 * L * L) - 1;
  e.mean_square = 1 - 3 / (4 * L * L) + 3 / (16 * L * L * L);
  e.mean_absolute_error = ratio(3, 2) - 1 / L;
  e.worst = 1 - log(L) / L - 1 / L;
  e.mean_ratio = 3 * L / 2;
  e.gain = 2 - 2 / (3 * L);
  return e;
}

// F against log2(1 + F), the difference least where 1 + F = 1 / ln 2.
real_unary_errors log2_errors() {
  const real L = ln2();
  real_unary_errors e;
  e.least = {1 / L - 1 + log(L) / L, 1 / L, "1 / ln 2"};
  e.greatest = {0, 1, "1"};
  e.mean = 1 / L - ratio(3, 2);
  e.mean_square = ratio(7, 3) - 9 / (2 * L) + 2 / (L * L);
  e.mean_absolute_error = -e.mean;
  e.worst = -e.least.error;
  return e;
}

// With u = 1 + F: (1 + u) / 2 against sqrt(u), and (2 + u) / 2 against sqrt(2 u). Both ratios and
// both differences vanish at one end of their binade and are greatest at the other, where the
// binades meet.
real_unary_errors sqrt_errors() {
  const real s = root2();
  real_unary_errors e;
  e.least = {0, 1, "1"};
  e.greatest = {3 / (2 * s) - 1, 2, "2"};
  e.mean = s / 4 - ratio(1, 3);
  e.mean_square = 3 * ln2() / 8 + ratio(25, 32) - s / 2 - ratio(1, 3);
  e.mean_absolute_error = ratio(1, 2) - s / 3;
  e.worst = ratio(3, 2) - s;
  e.mean_ratio = ratio(3, 2) / (1 + s / 3);
  e.gain = (ratio(28, 15) + 3 * s / 10) / ratio(9, 4);
  return e;
}

}  // namespace

bool has_real_unary(std::string_view operation) {
  return operation == "exp2" || operation == "log2" || operation == "sqrt";
}

real_unary_errors measure_real_unary(std::string_view operation) {
  if (operation == "exp2") return exp2_errors();
  if (operation == "log2") return log2_errors();
  if (operation == "sqrt") return sqrt_errors();
  throw std::invalid_argument("no real-number definition of " + std::string(operation));
}

}  // namespace pamkit::reports
