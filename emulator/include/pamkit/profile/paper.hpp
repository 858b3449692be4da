#pragma once

#include <bit>
#include <cmath>

#include "pamkit/arithmetic.hpp"
#include "pamkit/format/profile.hpp"

namespace pamkit::profiles {

/// The decisions of the kernels released with the paper (docs/specification.md, section 14.2), in binary32. Like the
/// original it multiplies and divides: the ordinary product decides the range. Of the policy only the compensation
/// is read. On the host alone: a device may flush the subnormal products that are compared here.
struct paper {
  using word = encoding<binary32>;
  using rules = policy<binary32>;

  static constexpr std::string_view name = kPaperPam;

  static word mul(const rules& p, word a, word b) {
    return in_range(value(a) * value(b),
                    a.bits + b.bits - kOne + static_cast<std::uint32_t>(p.compensation));
  }
  static word div(const rules& p, word a, word b) {
    return in_range(value(a) / value(b),
                    a.bits - b.bits + kOne - static_cast<std::uint32_t>(p.compensation));
  }

  static word mul_da(const rules& p, word a, word b) {
    return without_fraction(b.bits + (a.bits & kFraction) +
                            static_cast<std::uint32_t>(p.compensation));
  }
  static word div_da(const rules& p, word a, word b) {
    const word reciprocal = div(p.uncompensated(), {kOne}, b);
    return without_fraction(reciprocal.bits + (a.bits & kFraction));
  }
  /// The exponent field of b is read as a positive number, so that the sign of b is lost, and a subnormal b is 0.
  static word div_db(const rules& p, word a, word b) {
    const word power = {b.bits & kExponent};
    return negate(encoded(value(without_fraction(div(p, a, b).bits)) / value(power)));
  }

  static constexpr bool has_derivative(derivative kind) { return kind == derivative::exact; }

  /// The slope is applied by an IEEE product.
  static word mul_vjp_a(const rules& p, derivative, word a, word b, word d) {
    return encoded(value(d) * value(mul_da(p, a, b)));
  }
  static word mul_vjp_b(const rules& p, derivative kind, word a, word b, word d) {
    return mul_vjp_a(p, kind, b, a, d);
  }

 private:
  static constexpr std::uint32_t kOne = one_magnitude<binary32>;
  static constexpr std::uint32_t kFraction = min_magnitude<binary32> - 1;
  static constexpr std::uint32_t kExponent = top_binade<binary32>;

  static float value(word x) { return std::bit_cast<float>(x.bits); }
  static word encoded(float x) {
    return std::isnan(x) ? canonical_nan<binary32>() : word{std::bit_cast<std::uint32_t>(x)};
  }
  static word without_fraction(std::uint32_t bits) { return {bits & ~kFraction}; }

  /// The comparisons are binary64's; an infinite or NaN `t` fails both.
  static word in_range(float ordinary, std::uint32_t sum) {
    const double t = std::fabs(ordinary);
    if (t < 1e-37) return {0};
    return t < 1e37 ? word{sum} : canonical_nan<binary32>();
  }
};

}  // namespace pamkit::profiles
