#pragma once

#include <cstdint>
#include <optional>

#include "codec.hpp"
#include "definition.hpp"
#include "ieee.hpp"

/// The functions that `exact` takes from a C library: their true values, closely enough to round.
namespace pamkit::reference {

/// The true result of an elementary function for one case: an encoding that is a special case, or a
/// real number known exactly, or one known approximately that can be had closer.
struct true_result {
  std::optional<std::uint32_t> special = std::nullopt;
  bool negative = false;
  bool is_exact = false;
  /// The magnitude: exact, or with a relative error below 2^-80.
  rational magnitude = {};
  /// The magnitude with a relative error below 2^-150; set unless is_exact.
  high_precision (*refine)(const rational& x, const rational& y) = nullptr;
  rational x = {};
  rational y = {};

  static true_result of_encoding(std::uint32_t bits) {
    true_result r;
    r.special = bits;
    return r;
  }
  static true_result of_number(const rational& value) {
    true_result r;
    r.is_exact = true;
    r.negative = value.is_negative();
    r.magnitude = abs(value);
    return r;
  }
};

/// x, but at most 4096 in magnitude: 2^4096 and 2^-4096 are outside every format, so that no
/// encoded exponential notices, and larger powers need not be formed.
rational limited_exponent(const rational& x);

/// 2^x of the limited x.
rational approximate_exp2(const rational& x);

/// log2 x for x > 0 dyadic, with an absolute error below 2^-120; below 2^-80 of itself for operands
/// of at most 24 significant bits, whose logarithm is 0 or above 2^-25.
rational approximate_log2(const rational& x);

/// log2 e and ln 2 to 127 bits.
const rational& approximate_log2e();
const rational& approximate_ln2();

/// The true result rounded once.
std::uint32_t correctly_rounded(const codec& c, const true_result& y);

/// What a library within 2^-52 of the true result may give, rounded once.
admissible library_results(const codec& c, const true_result& y);

/// The oracles of an operation of `exact` whose true result Evaluate gives.
template <true_result (*Evaluate)(const codec&, operand_list)>
std::uint32_t rounded(const rules& rules, operand_list x) {
  const codec c = unflushed(rules);
  return correctly_rounded(c, Evaluate(c, x));
}

template <true_result (*Evaluate)(const codec&, operand_list)>
admissible admissible_for(const rules& rules, operand_list x) {
  const codec c = unflushed(rules);
  return library_results(c, Evaluate(c, x));
}

}  // namespace pamkit::reference
