#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "measured_operation.hpp"

namespace pamkit::reports {

/// Correctly rounded results of exp2, exp, log2, log and pow, with gradual underflow: those of
/// arithmetic `exact` are a C library's binary64 ones rounded once, which differ from these where
/// the library's error decides the rounding. Here such a result is computed again to 50 digits.
class nearest_results {
 public:
  nearest_results(const measured_operation& operation, const format_description& format);

  /// Whether there are results of this operation here.
  static bool covers(const measured_operation& operation);

  /// Of `count` operands (pairs; `b` is not read for operations of one). A result that is not a
  /// finite number, or that no finite encoding is nearest to, is an encoding that is not finite.
  void operator()(const std::uint32_t* a, const std::uint32_t* b, std::uint32_t* out,
                  std::size_t count) const;

  /// Of operand `a`, whose result is within `unsure` units in the last place of `y`, a binary64
  /// number.
  std::uint32_t nearest_to(double y, std::uint64_t unsure, std::uint32_t a) const {
    return nearest(y, unsure, a, 0);
  }

 private:
  struct known_function;
  static const known_function* find(std::string_view name);

  std::uint32_t nearest(double y, std::uint64_t unsure, std::uint32_t a, std::uint32_t b) const;
  std::uint32_t nearest_of_digits(std::uint32_t a, std::uint32_t b) const;
  std::uint32_t encoded(int exponent, std::uint64_t units, bool negative) const;

  const known_function& function_;
  format_description format_;
  std::uint32_t not_finite_;
  double rounds_to_one_;  ///< exponentials of magnitudes up to this are nearest to 1
};

}  // namespace pamkit::reports
