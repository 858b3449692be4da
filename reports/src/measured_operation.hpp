#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "pamkit/format/any_format.hpp"
#include "pamkit/format/policy.hpp"
#include "pamkit/reference/rational.hpp"

namespace pamkit::reports {

/// Which operands stand for "every fraction once, exponents out of the way".
enum class fraction_domain : std::uint8_t {
  none,           ///< the error depends on the exponent too: there is no such domain
  pairs,          ///< both operands in [1, 2)
  unit_interval,  ///< multiples of the fraction unit in [0, 1)
  one_binade,     ///< [1, 2)
  two_binades,    ///< [1, 4)
};

/// A result against the ordinary value.
struct comparison {
  long double error = 0;     ///< as the operation takes it, relative or absolute
  long double ordinary = 0;  ///< the ordinary value
};

/// An operation together with the ordinary function that its error is measured against.
struct measured_operation {
  std::string_view name;
  int arity = 1;
  bool absolute = false;  ///< the error is approx - ordinary instead of approx / ordinary - 1
  bool correctly_rounded =
      false;  ///< arithmetic `exact` computes it correctly rounded; nearest_results rounds the others
  fraction_domain fractions = fraction_domain::none;
  /// A result against the ordinary value, for operand values a and b (0 for unary operations).
  /// Relative accuracy of the error: products and quotients 2^-63 (the numerators are exact: two
  /// 24-bit significands multiply to 48 bits, and a difference of numbers of like magnitude on that
  /// grid fits 64); the others within 2^-62 of the ordinary value, which leaves 12 right digits of
  /// every error above 2^-22.
  comparison (*compare)(long double result, long double a, long double b);

  long double error(long double result, long double a, long double b) const {
    return compare(result, a, b).error;
  }
};

/// The operations that have an ordinary counterpart.
std::span<const measured_operation> measured_operations();

/// nullptr for any other name.
const measured_operation* find_measured_operation(std::string_view name);

/// The value of a finite encoding; every format's is exact in a long double. Under flush a
/// subnormal is 0.
long double value_of(const format_description& format, std::uint32_t bits,
                     subnormal_policy subnormals);

/// The error as an exact rational, for products and quotients of nonzero finite encodings.
std::optional<reference::rational> exact_error(const measured_operation& operation,
                                               const format_description& format,
                                               subnormal_policy subnormals, std::uint32_t result,
                                               std::uint32_t a, std::uint32_t b);

/// "p/q", also for integers.
std::string fraction_text(const reference::rational& value);

}  // namespace pamkit::reports
