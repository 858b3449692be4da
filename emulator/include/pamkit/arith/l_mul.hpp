#pragma once

#include "pamkit/arithmetic.hpp"
#include "pamkit/detail/log_linear.hpp"
#include "pamkit/detail/pam_error.hpp"

namespace pamkit::arith {

/// L-Mul: 2^(Ea+Eb) (1 + Fa + Fb + 2^-l), that is pam with the fixed compensation MIN / 2^l; l = N for N <= 3
/// fraction bits, 3 for N = 4, else 4. Products only.
struct l_mul {
  static constexpr std::string_view name = "l_mul";
  static constexpr std::string_view reference = "Luo & Sun 2024, arXiv:2410.00907";
  static constexpr std::string_view oracle = "l_mul";

  template <class F>
  PAMKIT_HD static constexpr std::int32_t compensation(F format, std::int32_t /*requested*/) {
    const int n = kept_fraction_bits(format);
    const int l = n <= 3 ? n : n == 4 ? 3 : 4;
    return min_magnitude<F> >> l;
  }

  template <class F>
  static constexpr promises promise(const policy<F>& p) {
    const detail::error_interval error = detail::compensated_pam_error<F>(compensation(p.format, 0));
    return {.commutative = true,
            .associative = true,
            .negation = true,
            .sign_is_xor = true,
            .zero_annihilates = true,
            .scales_by_powers_of_two = true,
            .strictly_increasing = true,
            .weakly_increasing = true,
            .cancellative = true,
            .ulp_for_ulp = true,
            .slope_within_octave =
                detail::carries_once<F>(p.format, compensation(p.format, 0)),
            .log_linear = true,
            .distributivity_bound = true,
            .zero_padding = true,
            .has_error_bounds = true,
            .min_relative_error = error.least,
            .max_relative_error = error.greatest};
  }

  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return detail::pam_mul(p, a, b);
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul_da(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return detail::pam_mul_da(p, a, b);
  }

  static constexpr bool has_derivative(derivative) { return true; }

  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul_vjp_a(const policy<F>& p, derivative kind,
                                                   encoding<F> a, encoding<F> b, encoding<F> d) {
    if (kind == derivative::approx) return mul(p, d, b);
    return mul(p.uncompensated(), d, mul_da(p, a, b));
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul_vjp_b(const policy<F>& p, derivative kind,
                                                   encoding<F> a, encoding<F> b, encoding<F> d) {
    return mul_vjp_a(p, kind, b, a, d);
  }
};

}  // namespace pamkit::arith
