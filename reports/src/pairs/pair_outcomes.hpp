#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "measurement/evaluator.hpp"

/// Products and quotients of formats with few fraction bits, every fraction pair evaluated.

namespace pamkit::reports {

/// A result and its ordinary value as integers over a common unit, and how many operand pairs have
/// them. With operand significands x, y (of M to 2 M - 1): a product's are result = r M, ordinary =
/// x y, over M^2; a quotient's result = r y, ordinary = x M, over M y; both times 2^4, and scaled
/// by the operands' exponents.
struct pair_outcome {
  static constexpr int kScale = 4;  ///< the power of two, so that results down to 2^-4 are whole
  static constexpr std::int32_t kNoDistance = -1;

  std::int64_t result = 0;
  std::int64_t ordinary = 0;
  std::uint64_t weight = 1;  ///< operand pairs
  std::uint32_t i = 0;       ///< fraction of the first operand, in units of 1/M
  std::uint32_t j = 0;       ///< of the second
  std::uint32_t a = 0;       ///< the plainest operands with this outcome, encoded, and their result
  std::uint32_t b = 0;
  std::uint32_t r = 0;
  std::int32_t ulps = kNoDistance;  ///< to the correctly rounded result, where that is finite

  long double error() const {
    return static_cast<long double>(result - ordinary) / static_cast<long double>(ordinary);
  }
};

/// Outcomes of all operand pairs of a domain, and how they were had.
struct pair_outcomes {
  std::vector<pair_outcome> list;
  std::string note{};  ///< empty where every operand pair was evaluated itself
};

/// Every fraction pair once, operands in [1, 2). Throws std::logic_error if a result is not a
/// normal number of [1/4, 8).
pair_outcomes fraction_outcomes(const evaluator& evaluate);

/// Every pair of operands of an 8-bit format whose result is normal and finite.
pair_outcomes enumerated_outcomes(const evaluator& evaluate);

/// The same of a wider format, by fraction pairs: apart from the ends of the range the result of a
/// fraction pair depends on its exponents only by a factor, and at the ends only on their sum
/// (difference), so that every fraction pair is evaluated once in the middle and once for every
/// exponent sum at the ends, and its operand pairs are counted. Nothing if an evaluation with other
/// exponents, subnormal operands and signs among them, disagrees.
std::optional<pair_outcomes> counted_outcomes(const evaluator& evaluate);

}  // namespace pamkit::reports
