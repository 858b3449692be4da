#include "error_tables.hpp"

namespace pamkit::reports {

std::vector<std::pair<std::string, std::string>> definitions() {
  return {
      {"relative error",
       "approx / ordinary - 1, signed; approx is the value of the emulator's encoding"},
      {"absolute error",
       "approx - ordinary, signed; of the logarithms, whose ordinary value passes zero"},
      {"fractions",
       "every fraction (pair of fractions) once, exponents out of the way, before the last "
       "rounding: products and quotients of operands in [1, 2), exp2 on the multiples of the "
       "fraction unit in [0, 1), log2 on [1, 2), sqrt on [1, 4); there the encoded results of all "
       "but sqrt are exact values of the definition"},
      {"real",
       "as a format: the real-number definition over continuous fractions, uniform on [0, 1), "
       "before any rounding. Means over a format's own fractions differ from these integrals: by "
       "the order of the square of its fraction unit where errors vanish at both ends of a binade, "
       "by the order of the unit in mean_ratio and gain, whose operands' means differ"},
      {"in-range",
       "every operand (pair) that is finite and whose encoded result is normal and finite"},
      {"proved",
       "by an argument that leaves finitely many cases, all of them computed in exact arithmetic; "
       "of integrals over continuous fractions, by rules exact for the integrand or in closed form"},
      {"exhaustive", "every case of the domain was evaluated or entered the sum"},
      {"sampled",
       "random operands drawn from the seed, and operands at and beside edges; the latter count "
       "for extremes only; of an integral, the points of a rule without a bound of its remainder"},
      {"mean_relative, mean_absolute", "arithmetic mean of the signed error: the bias"},
      {"mean_relative_loguniform",
       "mean with fractions weighted by the probability that a number of log-uniform significand, "
       "density 1 / ((1 + F) ln 2), rounds to them"},
      {"rms_relative", "root of the mean square relative error"},
      {"mean_square_relative", "mean square relative error"},
      {"mean_absolute_error, worst_case_error",
       "mean and greatest abs(approx - ordinary) of operands with exponent 0"},
      {"error_probability",
       "share of results whose encoding differs from the correctly rounded result's, of those whose "
       "correctly rounded result is finite"},
      {"ordinary",
       "the exact result of the operands as the policy reads them: under flush a subnormal one is 0"},
      {"max_ulp",
       "greatest distance, in encodings, from the correctly rounded result where that is finite"},
      {"mean_ratio",
       "mean of approx over mean of ordinary; of softmax_row_sum the mean sum, of dot the mean of "
       "its ratio"},
      {"gain", "least-squares slope of approx over ordinary: sum approx ordinary / sum ordinary^2"},
      {"residual", "root of sum (approx - gain ordinary)^2 / sum ordinary^2"},
      {"relative_rms", "root of sum (approx - ordinary)^2 / sum ordinary^2"},
      {"quantile_P", "the least error that at least P % of the cases do not exceed"},
      {"offset_zero_mean, offset_minimax, offset_least_rms",
       "compensations as fractions of a binade, found: where the mean relative error is zero, where "
       "the greatest magnitude of the relative error is least, and where the root mean square is"},
      {"softmax_row_sum", "sum of the elements of a row of softmax; 1 in ordinary arithmetic"},
      {"distributivity", "pam(a, b + c) / (pam(a, b) + pam(a, c)), operands of one sign, sums exact"},
      {"dot", "abs(pa - exact) / sum abs(a_i b_i) of a dot product"},
      {"reciprocal", "div with a dividend of 1"},
      {"exp_composition",
       "exp against the ordinary 2^t of the encoded product t = pam(x, log2 e): what its last step "
       "adds, apart from the growth of the first one's error with the argument"},
      {"data, shape",
       "of a sampled tensor: gaussian (mean 0, deviation 1) or uniform on [-1, 1), and the size"},
  };
}

}  // namespace pamkit::reports
