#pragma once

#include <cstdint>

#include "pairs/log_linear_rows.hpp"
#include "pamkit/reference/rational.hpp"

/// Products and quotients by their real-number definitions, both fractions continuous on [0, 1).

namespace pamkit::reports {

/// Integrals over the unit square, of the relative error e = result / ordinary - 1 among others, in
/// closed form: on each piece of the definition result and 1 / ordinary are sums of monomials in 1 + Fx
/// and 1 + Fy.
struct real_pair_means {
  long double mean = 0;
  long double mean_loguniform = 0;  ///< densities 1 / ((1 + F) ln 2)
  long double rms = 0;
  long double mean_square = 0;
  long double mean_difference = 0;  ///< of result - ordinary
  long double mean_ratio = 0;       ///< mean result / mean ordinary value
  long double gain = 0;             ///< least-squares slope
  long double square_slope = 0;     ///< derivative of the mean square error by the compensation
};
/// For a compensation 0 <= f < 1.
real_pair_means real_means(pair_kind kind, const reference::high_precision& compensation);

/// The mean of abs(result - ordinary) where that difference has both signs: between the curves on which
/// it is zero, by a rule whose panels are halved until they agree. No bound of its remainder is derived.
struct real_mean_distance {
  long double value = 0;
  std::uint64_t evaluations = 0;  ///< points at which the integrand was evaluated
};
real_mean_distance quadrature_of_distance(pair_kind kind, long double compensation);

/// An extreme error and the fractions where it is attained (or, at a fraction of 1, approached).
struct real_extreme {
  reference::rational error;
  reference::rational fx;
  reference::rational fy;
};
struct real_range {
  real_extreme least;
  real_extreme greatest;
  reference::rational worst;  ///< of a product: greatest abs(result - ordinary), at one of the same points
  std::uint64_t cases = 0;    ///< points that were compared
};

/// The exact range for a compensation of 0 <= f < 1.
///
/// Of a product: in a piece the ratio, for a fixed first fraction, is a quotient of affine functions
/// of the second, so it is extreme on the borders of pieces; on a side of the square by the same
/// argument at a corner; on a carry's line, where the result is constant, at its ends or, as (1+Fx)
/// (1+Fy) with a given sum is greatest for equal fractions, in its middle. Of a quotient: for a
/// fixed divisor the ratio is affine in the dividend, so it is extreme on the borders; on a carry's
/// line the ratio is monotone; on a side Fx = 0 or 1 it is a parabola in Fy, extreme at an end or at
/// its vertex. All these points are rational, and the error is evaluated at each in rationals.
real_range real_error_range(pair_kind kind, const reference::rational& compensation);

/// The greatest abs(result - ordinary) of a quotient. For a fixed divisor the difference is affine in the
/// dividend, so it is extreme on the borders of pieces; on a carry's line monotone; on a side Fx = 0 or 1
/// it is concave in Fy, extreme at an end or where (1 + Fy)^2 = (1 + Fx) 2^-k.
struct real_greatest_distance {
  reference::high_precision value;
  std::uint64_t cases = 0;  ///< points that were compared
};
real_greatest_distance greatest_quotient_distance(const reference::high_precision& compensation);

/// mean_ratio and gain of a product as exact rationals: integrals of polynomials of degree 5 at
/// most, by rules that are exact for them.
struct real_product_ratios {
  reference::rational mean_ratio;
  reference::rational gain;
};
real_product_ratios exact_product_ratios(const reference::rational& compensation);

/// The compensations, found: where the mean error is zero, where the greatest absolute relative
/// error is least, and where the mean square error is least (its derivative zero); roots in [0, 1/4], by
/// false position, each with values of different signs at a distance of kRootWidth to either side.
inline constexpr long double kRootWidth = 0x1p-56L;
struct found_offsets {
  long double zero_mean = 0;
  long double minimax = 0;
  long double least_rms = 0;
};
found_offsets find_offsets(pair_kind kind);

}  // namespace pamkit::reports
