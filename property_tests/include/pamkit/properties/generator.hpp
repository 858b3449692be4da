#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "pamkit/properties/case_class.hpp"

/// Operands for tests, as encodings: weighted exponents times fraction patterns, in the spirit of
/// TestFloat, and pairs aimed at the edges of pieces and ranges. (What a library for random floats
/// draws has no NaN, infinity or subnormal, and meets an edge never.)

namespace pamkit::properties {

using column = std::vector<std::uint32_t>;

/// Cases by operand: columns[j][i] is operand j of case i.
using operand_columns = std::vector<column>;

/// How many cases there are.
inline std::size_t case_count(const operand_columns& operands) {
  return operands.empty() ? 0 : operands.front().size();
}

/// The operands of one case.
column case_at(const operand_columns& operands, std::size_t index);

/// A source of random bits: SplitMix64, the same on every machine.
class entropy {
 public:
  explicit entropy(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// Uniform in [0, n), n > 0; the bias of at most n 2^-64 does not matter here.
  std::uint64_t below(std::uint64_t n);
  /// Uniform in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high);
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

/// One encoding of a format, weighted: specials, range ends, 1.0 and its surroundings, fraction
/// patterns.
std::uint32_t draw_encoding(const format_description& format, entropy& source);

/// One case: half of them independent and weighted, the rest with exponents such that products stay
/// in range, aimed at an edge, or with related operands.
column draw_case(const case_shape& shape, const format_description& format, entropy& source);

/// Two operands whose product or quotient is at or beside an end of the range, compensation
/// included; weighted operands where the format has none.
column draw_range_edge(const case_shape& shape, const format_description& format, entropy& source);

/// Cases drawn through RapidCheck, once, to be evaluated in batches.
struct case_pool {
  operand_columns operands;
  class_counts reached{};
};

/// `count` cases; equal arguments give equal pools on every machine.
case_pool make_pool(const case_shape& shape, std::uint64_t seed, std::size_t count);

/// All encodings (arity 1) or all pairs of encodings (arity 2, 8-bit formats) from `first` on,
/// `count` of them or as many as there are; malformed encodings of binary32mN are left out.
operand_columns enumerate(const any_format& format, int arity, std::uint64_t first,
                          std::uint64_t count);

/// The number of cases that `enumerate` gives in all; the largest integer where 64 bits do not hold
/// it.
std::uint64_t enumeration_size(const any_format& format, int arity);

/// The simplest case, by RapidCheck's shrinking, for which `fails` still holds: toward 1.0, toward
/// fewer set fraction bits, toward plus. `operands` must fail. Evaluates at most `limit` cases.
column shrink_case(const any_format& format, column operands,
                   const std::function<bool(const column&)>& fails, std::size_t limit = 4000);

}  // namespace pamkit::properties
