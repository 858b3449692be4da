#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

/// Where and how profile `paper` differs from the default one (policies flush and infinity), counted over binary32
/// pairs for mul, div and their slopes: what a page or a file shows of it.

namespace pamkit::reports {

/// One way to differ, met on one kind of operands.
struct profile_difference {
  std::string operation;      ///< "mul", "div", "mul_da", "div_da", "div_db"
  std::string operands;       ///< "a zero operand", "b negative, a / b in range", ...
  std::string kind;           ///< "another sign of zero", "NaN instead of a number", ...
  std::uint64_t cases = 0;    ///< pairs with such operands
  std::uint64_t differs = 0;  ///< of them, pairs that differ in this way
  double share = 0;           ///< `differs` over all pairs of the set
  std::uint32_t a = 0;        ///< an example: the first met
  std::uint32_t b = 0;
  std::uint32_t standard = 0;  ///< its result under the default profile
  std::uint32_t paper = 0;     ///< its result under profile paper
};

/// For every pair of exponent fields, how many of the `patterns` of signs and fractions differ.
struct profile_map {
  std::string operation;
  std::uint32_t patterns = 0;
  std::vector<std::uint16_t> differs;  ///< 256 rows by a's field, of 256 columns by b's field
};

/// What was counted on one set of pairs.
struct profile_set {
  std::string name;         ///< "exponent grid" or "random pairs"
  std::string description;  ///< which pairs these are
  bool exhaustive = false;  ///< every pair of the set's description, not a sample
  std::uint64_t seed = 0;   ///< of a sample
  std::uint64_t pairs = 0;
  std::vector<profile_difference> differences = {};  ///< by operation, operands and kind
  std::vector<profile_map> maps = {};                ///< of the exponent grid only
  /// Pairs that agree, per operation in the order of profile_operations.
  std::array<std::uint64_t, 5> equal{};
};

inline constexpr std::array<const char*, 5> profile_operations = {"mul", "div", "mul_da", "div_da",
                                                                  "div_db"};

struct profile_comparison {
  std::int32_t compensation = 0;  ///< of both profiles
  std::vector<profile_set> sets;  ///< the exponent grid, then the random pairs
};

/// All 256 x 256 exponent fields with both signs and four fractions of each operand (0, one ulp, 1/2, all ones), and
/// `random_pairs` pairs of uniformly random 32-bit encodings. About half a second a million pairs.
profile_comparison compare_profiles(std::int32_t compensation = 0,
                                    std::uint64_t random_pairs = std::uint64_t{1} << 20,
                                    std::uint64_t seed = 1);

}  // namespace pamkit::reports
