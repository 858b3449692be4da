#pragma once

#include <cmath>

#include "pamkit/arithmetic.hpp"
#include "pamkit/detail/ieee.hpp"

namespace pamkit::arith {

/// Ordinary IEEE 754 arithmetic, the baseline: products, quotients and square roots correctly rounded with
/// gradual underflow whatever the subnormal policy. The transcendental functions are the C library's binary64
/// ones rounded once, so their bits are promised for one C library only; they exist on the host alone.
struct exact {
  static constexpr std::string_view name = "exact";
  static constexpr std::string_view reference = "IEEE 754-2019";
  static constexpr std::string_view oracle = "exact";

  template <class F>
  PAMKIT_HD static constexpr std::int32_t compensation(F, std::int32_t /*requested*/) {
    return 0;
  }

  template <class F>
  static constexpr promises promise(const policy<F>& p) {
    // Rounding to N fraction bits errs by at most half an ulp: 2^-(N+1) relative to the rounded result, and
    // 2^-(N+1) / (1 + 2^-(N+1)) relative to the exact one.
    const std::int64_t twice_ulps = std::int64_t{2} << kept_fraction_bits(p.format);
    return {.commutative = true,
            .identity = true,
            .negation = true,
            .sign_is_xor = true,
            .zero_annihilates = true,
            .scales_by_powers_of_two = true,
            .exact_by_powers_of_two = true,
            .weakly_increasing = true,
            // Three roundings, which leave the interval with two fraction bits alone.
            .distributivity_bound = kept_fraction_bits(p.format) != 2,
            .quotient_identities = true,
            .exp2_log2_powers = true,
            .sqrt_inverts_square = true,
            .sqrt_scales = true,
            .zero_padding = true,
            .layer_norm_rows = true,
            .has_error_bounds = true,
            .min_relative_error = {-1, twice_ulps + 1},
            .max_relative_error = {1, twice_ulps + 1},
            .has_quotient_bounds = true,
            .min_quotient_error = {-1, twice_ulps + 1},
            .max_quotient_error = {1, twice_ulps + 1}};
  }

  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return detail::ieee_mul(p, a, b);
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> div(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return detail::ieee_div(p, a, b);
  }
  template <class F>
  PAMKIT_HD static constexpr encoding<F> sqrt(const policy<F>& p, encoding<F> x) {
    return detail::ieee_sqrt(p, x);
  }

  /// Operations without a device form: the C library computes them.
  static constexpr bool host_only(std::string_view operation) {
    return operation == "exp2" || operation == "log2" || operation == "exp" ||
           operation == "log" || operation == "pow";
  }

  template <class F>
  static encoding<F> exp2(const policy<F>& p, encoding<F> x) {
    return detail::from_binary64(p, std::exp2(detail::to_binary64(x)), is_infinite(x));
  }
  template <class F>
  static encoding<F> exp(const policy<F>& p, encoding<F> x) {
    return detail::from_binary64(p, std::exp(detail::to_binary64(x)), is_infinite(x));
  }
  template <class F>
  static encoding<F> log2(const policy<F>& p, encoding<F> x) {
    return detail::from_binary64(p, std::log2(detail::to_binary64(x)), true);
  }
  template <class F>
  static encoding<F> log(const policy<F>& p, encoding<F> x) {
    return detail::from_binary64(p, std::log(detail::to_binary64(x)), true);
  }
  template <class F>
  static encoding<F> pow(const policy<F>& p, encoding<F> x, encoding<F> y) {
    if (is_nan(x) || is_nan(y)) return canonical_nan<F>();  // C has pow(1, NaN) = pow(NaN, 0) = 1
    const bool pole = is_infinite(x) || is_infinite(y) || magnitude(x) == 0;
    return detail::from_binary64(p, std::pow(detail::to_binary64(x), detail::to_binary64(y)),
                                 pole);
  }

  static constexpr bool has_derivative(derivative) { return true; }

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
