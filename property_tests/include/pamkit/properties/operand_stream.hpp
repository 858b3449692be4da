#pragma once

#include <cstdint>
#include <optional>

#include "pamkit/properties/generator.hpp"

namespace pamkit::properties {

enum class suite_level : std::uint8_t { quick, standard, exhaustive };

/// "quick", "standard", "exhaustive".
std::string_view name_of(suite_level level);
std::optional<suite_level> parse_level(std::string_view text);

/// An endless supply in bounded memory: the operands that the command `vectors` writes.
///
/// Levels correspond to TestFloat's: quick is its 1 (all combinations of a modest set of exponents
/// with the simplest fractions, and five weighted random cases to each), standard its 2 (many more
/// exponents and fraction patterns, and one weighted random case to each). Unary operations of
/// formats of up to 16 bits, and pairs of 8-bit formats, run through every encoding at every level;
/// exhaustive does so for unary operations of 32-bit formats too and is standard otherwise.
class operand_stream {
 public:
  /// `limit` 0: as many cases as the level has; otherwise exactly that many, weighted random ones
  /// once the level's are used up. Equal arguments give equal streams.
  operand_stream(const case_shape& shape, suite_level level, std::uint64_t seed,
                 std::uint64_t limit = 0);

  /// Cases in total.
  std::uint64_t size() const { return size_; }

  /// Replaces `operands` by the next cases, at most `count`; false when there are none left.
  bool next(operand_columns& operands, std::size_t count);

 private:
  void append_systematic(operand_columns& operands);
  void append_random(operand_columns& operands);

  case_shape shape_;
  format_description format_;
  entropy source_;
  column set_;                    // systematic operands; empty where every encoding is enumerated
  std::uint64_t enumerated_ = 0;  // cases that `enumerate` gives
  std::uint64_t systematic_ = 0;  // combinations of `set_`
  std::uint64_t random_per_case_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t next_systematic_ = 0;
};

}  // namespace pamkit::properties
