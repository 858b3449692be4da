#pragma once

#include "pamkit/arithmetic.hpp"
#include "pamkit/detail/ieee.hpp"

namespace pamkit::arith {

/// AdderNet's "product" -abs(RN(a - b)): subnormals kept, equal operands give -0. In binary32 the difference
/// is IEEE subtraction, whose overflow is an infinity whatever the policy; elsewhere one rounding and the
/// overflow policy.
struct adder {
  static constexpr std::string_view name = "adder";
  static constexpr std::string_view reference = "Chen et al., CVPR 2020, arXiv:1912.13200";
  static constexpr std::string_view oracle = "adder";

  template <class F>
  PAMKIT_HD static constexpr std::int32_t compensation(F, std::int32_t /*requested*/) {
    return 0;
  }

  template <class F>
  static constexpr promises promise(const policy<F>&) {
    return {.commutative = true};
  }

  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul(const policy<F>& p, encoding<F> a, encoding<F> b) {
    const encoding<F> difference = detail::ieee_sub(ieee_overflow(p), a, b);
    return is_nan(difference) ? difference : pack<F>(true, magnitude(difference));
  }

  /// The comparator has one derivative of its own, under the name approx.
  static constexpr bool has_derivative(derivative kind) { return kind == derivative::approx; }

  /// Input a: RN(d clip(RN(b - a), -1, 1)), NaN kept.
  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul_vjp_a(const policy<F>& p, derivative, encoding<F> a,
                                                   encoding<F> b, encoding<F> d) {
    encoding<F> slope = detail::ieee_sub(ieee_overflow(p), b, a);
    if (!is_nan(slope) && magnitude(slope) > one_magnitude<F>) {
      slope = pack<F>(sign(slope), one_magnitude<F>);
    }
    return detail::ieee_mul(ieee_overflow(p), d, slope);
  }

  /// Weight b: RN(d RN(a - b)). It multiplies; the certificate counts it.
  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul_vjp_b(const policy<F>& p, derivative, encoding<F> a,
                                                   encoding<F> b, encoding<F> d) {
    return detail::ieee_mul(ieee_overflow(p), d, detail::ieee_sub(ieee_overflow(p), a, b));
  }

 private:
  template <class F>
  PAMKIT_HD static constexpr policy<F> ieee_overflow(policy<F> p) {
    if constexpr (std::is_same_v<F, binary32>) p.overflow = overflow_policy::infinity;
    return p;
  }
};

}  // namespace pamkit::arith
