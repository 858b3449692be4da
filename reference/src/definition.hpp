#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec.hpp"
#include "pamkit/reference/golden_model.hpp"

/// What a file in operation/ or arithmetic/ says about itself. The registry is made from the files
/// that are there when the build is configured: operation/NAME.cpp defines `const
/// operation_definition operation::NAME`, arithmetic/NAME.cpp defines `const arithmetic_definition
/// arithmetic::NAME`, profile/NAME.cpp `const profile_definition profile::NAME`.
namespace pamkit::reference {

using operand_list = std::span<const std::uint32_t>;

/// One operation of one arithmetic.
struct scalar_definition {
  /// In an operation's file the name of the arithmetic, in an arithmetic's file the name of the
  /// operation.
  std::string_view name = {};
  scalar_oracle oracle = nullptr;
  /// The real result before its rounding; null for compositions and irrational results.
  std::optional<rational> (*real)(const rules&, operand_list) = nullptr;
  /// Which piece of the function the operands fall on, in words; asked only where `real` gives a
  /// value.
  std::string (*piece)(const rules&, operand_list) = nullptr;
  /// The encoded steps of a composition, in words.
  std::vector<std::string> (*steps)(const rules&, operand_list) = nullptr;
  /// Where more than one result is admissible.
  admissible_oracle admissible = nullptr;
};

/// The result of the ordinary function; both empty where it has none (specials, slopes).
struct ordinary_result {
  std::optional<rational> exact;
  std::optional<high_precision> approximate;
};

struct operation_definition {
  std::string_view name = {};
  int operands = 0;
  ordinary_result (*ordinary)(std::span<const exact_value>) = nullptr;
  /// For the arithmetics this operation's file knows; an arithmetic's own file may add itself.
  std::span<const scalar_definition> definitions = {};
};

struct arithmetic_definition {
  std::string_view name = {};
  /// Subnormal operands and results are kept whatever the policy.
  bool never_flushes = false;
  /// At least its "mul".
  std::span<const scalar_definition> definitions = {};
  /// The vjps of its product, of operands {d, a, b}; null where it has none.
  scalar_oracle approx_a = nullptr;
  scalar_oracle approx_b = nullptr;
  scalar_oracle exact_a = nullptr;
  scalar_oracle exact_b = nullptr;
};

/// An arithmetic under a named profile: found by name as an arithmetic is, listed with none.
using profile_definition = arithmetic_definition;

/// Made at configure time from the files, in alphabetical order.
std::span<const operation_definition* const> operation_registry();
std::span<const arithmetic_definition* const> arithmetic_registry();
std::span<const profile_definition* const> profile_registry();

}  // namespace pamkit::reference
