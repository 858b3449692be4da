#pragma once

#include <string_view>

#include "pamkit/arithmetic.hpp"
#include "pamkit/detail/encode.hpp"

/// The contract of one file in pamkit/elementwise/: a struct with
///   name   what the command line calls it, and the file's stem
///   arity  1 or 2
///   apply<A, F>(policy, operands...)  the definition over an arithmetic; it takes part in overload resolution
///                                     only where A defines what it needs ("not defined" otherwise)

namespace pamkit {

/// A positive constant 1.f x 2^exponent rounded to nearest in F, from its first 63 fraction bits (the two
/// constants used are irrational, so no tie can occur).
template <class F>
PAMKIT_HD constexpr encoding<F> rounded_constant(F format, int exponent, std::uint64_t fraction63) {
  policy<F> p;
  p.format = format;
  // The implicit bit at position 61 and 61 fraction bits, the last one sticky.
  const std::uint64_t significand = (std::uint64_t{1} << 61) | (fraction63 >> 2) | 1;
  return detail::encode_scaled(p, false, significand, exponent - 61);
}

/// RN(log2 e); 0x3fb8aa3b in binary32.
template <class F>
PAMKIT_HD constexpr encoding<F> log2_e(F format) {
  return rounded_constant(format, 0, 0x71547652b82fe177U >> 1);
}

/// RN(ln 2); 0x3f317218 in binary32.
template <class F>
PAMKIT_HD constexpr encoding<F> ln_2(F format) {
  return rounded_constant(format, -1, 0x62e42fefa39ef357U >> 1);
}

/// RN(1/2), exact.
template <class F>
PAMKIT_HD constexpr encoding<F> one_half() {
  return pack<F>(false, one_magnitude<F> - min_magnitude<F>);
}

}  // namespace pamkit
