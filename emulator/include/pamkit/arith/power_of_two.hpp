#pragma once

#include "pamkit/arithmetic.hpp"
#include "pamkit/detail/log_linear.hpp"

namespace pamkit::arith {

/// b, the weight, is rounded to the nearest power of two (ties to the larger; 2^(largest exponent + 1) is
/// allowed), then a is scaled by it: an exact exponent addition under the policies. Products only; the approx
/// derivative is mul(d, b) and mul(d, a), there is no exact one.
struct power_of_two {
  static constexpr std::string_view name = "power_of_two";
  static constexpr std::string_view reference = "shift networks: Elhoushi et al. 2019 (DeepShift), arXiv:1905.13298";
  static constexpr std::string_view oracle = "power_of_two";

  template <class F>
  PAMKIT_HD static constexpr std::int32_t compensation(F, std::int32_t /*requested*/) {
    return 0;
  }

  template <class F>
  static constexpr promises promise(const policy<F>&) {
    // A weight 2^k (1 + F) becomes 2^k (F < 1/2) or 2^(k+1): the error is -F/(1+F) or (1-F)/(1+F).
    return {.associative = true,
            .identity = true,
            .negation = true,
            .sign_is_xor = true,
            .zero_annihilates = true,
            .scales_by_powers_of_two = true,
            .exact_by_powers_of_two = true,
            .exact_only_by_powers_of_two = true,
            .strictly_increasing = true,
            .weakly_increasing = true,
            .cancellative = true,
            .ulp_for_ulp = true,
            .slope_within_octave = true,
            .zero_padding = true,
            .has_error_bounds = true,
            .min_relative_error = {-1, 3},
            .max_relative_error = {1, 3}};
  }

  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul(const policy<F>& p, encoding<F> a, encoding<F> b) {
    if (is_nan(a) || is_nan(b)) return canonical_nan<F>();
    const bool negative = sign(a) != sign(b);
    const bool any_zero = detail::is_zero(p, a) || detail::is_zero(p, b);
    if (is_infinite(a) || is_infinite(b)) {
      return any_zero ? canonical_nan<F>() : detail::infinite_result(p, negative);
    }
    if (any_zero) return pack<F>(negative, 0);
    // Half a binade up, then the fraction cleared: a fraction of 1/2 or more carries.
    const std::int64_t half = min_magnitude<F> / 2;
    const std::int64_t up = detail::extended_magnitude(b) + half;
    const std::int64_t rounded = up - detail::fraction_of<F>(up);
    return detail::encode_magnitude(
        p, negative, detail::extended_magnitude(a) + rounded - one_magnitude<F>);
  }

  static constexpr bool has_derivative(derivative kind) { return kind == derivative::approx; }

  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul_vjp_a(const policy<F>& p, derivative, encoding<F>,
                                                   encoding<F> b, encoding<F> d) {
    return mul(p, d, b);
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul_vjp_b(const policy<F>& p, derivative, encoding<F> a,
                                                   encoding<F>, encoding<F> d) {
    return mul(p, d, a);
  }
};

}  // namespace pamkit::arith
