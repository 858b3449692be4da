#pragma once

#include "pamkit/arithmetic.hpp"
#include "pamkit/detail/log_linear.hpp"
#include "pamkit/detail/pam_error.hpp"

namespace pamkit::arith {

/// Piecewise affine multiplication: 2^(Ea+Eb) (1 + Fa + Fb), with a carry into the exponent when the
/// fractions sum to 1 or more; and the division, exponential and logarithm that belong to it. A compensation
/// multiplies every product by about alpha (Sec. 2.7) and divides every quotient by it.
struct pam {
  static constexpr std::string_view name = "pam";
  static constexpr std::string_view reference =
      "Kosson & Jaggi, NeurIPS 2023, arXiv:2305.17190";
  static constexpr std::string_view oracle = "pam";

  template <class F>
  PAMKIT_HD static constexpr std::int32_t compensation(F, std::int32_t requested) {
    return requested;
  }

  template <class F>
  static constexpr promises promise(const policy<F>& p) {
    const detail::error_interval error = detail::compensated_pam_error<F>(p.compensation);
    promises c{.commutative = true,
               .associative = true,
               .negation = true,
               .sign_is_xor = true,
               .zero_annihilates = true,
               .scales_by_powers_of_two = true,
               .strictly_increasing = true,
               .weakly_increasing = true,
               .cancellative = true,
               .ulp_for_ulp = true,
               .slope_within_octave = detail::carries_once<F>(p.format, p.compensation),
               .log_linear = true,
               // A compensated product of a is the plain product of a moved by the compensation.
               .distributivity_bound = true,
               .quotient_inverts = true,
               .exp2_log2_powers = true,
               .exp2_log2_pieces = true,
               .sqrt_scales = true,
               .sqrt_is_composed = true,
               .zero_padding = true,
               .softmax_rows = true,
               .layer_norm_rows = true,
               // Worst at fractions (1/2, 1/2) without compensation: 0x3fc00000 . 0x3fc00000 = 0x40000000.
               .has_error_bounds = true,
               .min_relative_error = error.least,
               .max_relative_error = error.greatest};
    if (p.compensation == 0) {
      c.identity = c.exact_by_powers_of_two = c.exact_only_by_powers_of_two = true;
      c.adds_encodings = c.never_above_product = true;
      c.quotient_identities = c.quotient_is_group = true;
      c.sqrt_inverts_square = true;
      // The quotient is worst at 1 / 1.5.
      c.has_quotient_bounds = true;
      c.min_quotient_error = {0, 1};
      c.max_quotient_error = {1, 8};
    }
    return c;
  }

  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return detail::pam_mul(p, a, b);
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> div(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return detail::pam_div(p, a, b);
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> exp2(const policy<F>& p, encoding<F> x) {
    return detail::pam_exp2(p, x);
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> log2(const policy<F>& p, encoding<F> x) {
    return detail::pam_log2(p, x);
  }

  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul_da(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return detail::pam_mul_da(p, a, b);
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> div_da(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return detail::pam_div_da(p, a, b);
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> div_db(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return detail::pam_div_db(p, a, b);
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> exp2_da(const policy<F>& p, encoding<F> x) {
    return detail::pam_exp2_da(p, x);
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> log2_da(const policy<F>& p, encoding<F> x) {
    return detail::pam_log2_da(p, x);
  }

  static constexpr bool has_derivative(derivative) { return true; }

  /// approx: pam(d, b). exact: the slope, an encoding, applied by a plain pam.
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
