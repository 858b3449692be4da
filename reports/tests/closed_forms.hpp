#pragma once

#include <cmath>
#include <numbers>

/// The closed forms of the errors of the real-number definitions, fractions independent and uniform
/// (or log-uniform) on [0, 1). Everything is computed here.
namespace pamkit::reports::closed_form {

using real = long double;

inline constexpr real kLn2 = std::numbers::ln2_v<real>;
inline const real kSqrt2 = std::sqrt(2.0L);

/// The dilogarithm sum of x^n / n^2, 0 <= x < 1.
inline real dilogarithm(real x) {
  real sum = 0;
  real power = x;
  for (int n = 1; power > 1e-25L; ++n, power *= x) sum += power / (static_cast<real>(n) * n);
  return sum;
}

/// Integral of (x+y-1)/(xy) below Fx + Fy = 1 and of 2(x+y-2)/(xy) above, less 1.
inline real pam_mean() {
  return 1 - 4 * kLn2 * kLn2 +
         3 * (kLn2 * std::log(3.0L) + dilogarithm(1 / 3.0L) - dilogarithm(2 / 3.0L));
}
inline real pam_mean_loguniform() { return 2 / (3 * kLn2) - 1; }
inline real pad_mean() { return kLn2 / 2 + 25 / 36.0L - 1; }
inline real pad_mean_loguniform() { return 1 / (2 * kLn2 * kLn2) - 1; }
inline real paexp2_max() { return 2 / (std::numbers::e_v<real> * kLn2) - 1; }
inline real paexp2_mean() { return 1 / (2 * kLn2 * kLn2) - 1; }
inline real palog2_min() { return 1 / kLn2 - 1 + std::log2(kLn2); }
inline real palog2_mean() { return 1 / kLn2 - 1.5L; }
inline real pasqrt_max() { return 3 / (2 * kSqrt2) - 1; }
inline real pasqrt_mean() { return kSqrt2 / 4 - 1 / 3.0L; }
/// Of pam with compensation f <= 2 - sqrt 2, attained on the carry's edge, both fractions (1 - f)
/// / 2.
inline real compensated_pam_min(real f) {
  return std::min(8 / ((3 - f) * (3 - f)), 16 / ((4 - f) * (4 - f))) - 1;
}
/// b rounded to a power of two: 1/b below 3/2, 2/b from there.
inline real power_of_two_mean() { return std::log(1.5L) + 2 * std::log(4 / 3.0L) - 1; }

/// How far a mean over the grid of fraction unit h may be from the integral. The errors are
/// continuous, are 0 at both ends of a binade (or continue there from one binade to the next), and
/// have kinks only at points of the grid, so that on every line the mean is the trapezoidal rule:
/// its error is at most h^2 / 12 times the greatest second derivative between kinks, which is 4 for
/// a product (4/x^3 abs(1 - 2/y)), 6 for a quotient (6/x^4 y (1 + y) at most, over y in [1, 2]) in
/// each of two directions, and below 2 for functions of one argument. h^2 bounds them all but the
/// quotient's, which 3 h^2 does.
inline real grid_mean_tolerance(real h) { return 3 * h * h; }

/// Log-uniform means weigh a grid point with the density's integral over the cell around it. Per
/// direction: the midpoint rule errs by h^2 / 24 times the second derivative of error * density,
/// below 20; a kink in the middle of its cell adds at most jump of slope (2) * density (1.45) * h^2
/// / 8, once at the carry and once at the end of the binade.
inline real grid_loguniform_tolerance(real h) { return 4 * h * h; }

/// An extreme between grid points is missed by at most h^2 / 8 times the second derivative (below
/// 2).
inline real grid_extreme_tolerance(real h) { return h * h / 4; }

/// What summing and subtracting in 64 significant bits leaves: far above it, far below any h^2 of
/// up to 24 fraction bits but binary32's means, which are compared with both.
inline constexpr real kRounding = 1e-15L;

}  // namespace pamkit::reports::closed_form
