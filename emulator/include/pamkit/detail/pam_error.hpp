#pragma once

#include <numeric>

#include "pamkit/arithmetic.hpp"

namespace pamkit::detail {

struct error_interval {
  fraction least;
  fraction greatest;
};

constexpr fraction reduced(fraction x) {
  const std::int64_t divisor = std::gcd(x.numerator, x.denominator);
  return {x.numerator / divisor, x.denominator / divisor};
}

/// The range of the relative error of a pam product with compensation c, f = c / MIN in [0, 1): the least is
/// 8 / (3 - f)^2 - 1 at fractions (1 - f) / 2 twice up to f = 2 - sqrt 2, and 16 / (4 - f)^2 - 1 past it; the
/// greatest is f, at powers of two. Without compensation that is -1/9 and 0.
template <class F>
constexpr error_interval compensated_pam_error(std::int32_t compensation) {
  const std::int64_t one = min_magnitude<F>;
  const std::int64_t c = compensation;
  const auto over_square = [&](std::int64_t numerator, std::int64_t side) {
    const std::int64_t square = (side * one - c) * (side * one - c);
    return fraction{numerator * one * one - square, square};
  };
  const fraction first = over_square(8, 3);
  const fraction second = over_square(16, 4);
  // p/q <= r/s where p/q + 1 = 8/(3-f)^2 and r/s + 1 = 16/(4-f)^2: (4-f)^2 <= 2 (3-f)^2.
  const bool first_is_least = second.denominator <= 2 * first.denominator;
  return {reduced(first_is_least ? first : second), reduced({c, one})};
}

/// Whether the fractions of no two operands and this compensation sum to 2: that is what makes a slope of four
/// times the other operand's power of two.
template <class F>
constexpr bool carries_once(F format, std::int32_t compensation) {
  const std::int32_t unit = min_magnitude<F> >> kept_fraction_bits(format);
  return compensation < 2 * unit;
}

}  // namespace pamkit::detail
