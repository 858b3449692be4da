#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pamkit/properties/contraction_case.hpp"
#include "pamkit/properties/layer_case.hpp"
#include "pamkit/properties/subject.hpp"

/// How a property is stated: once, as a sentence and as a function on columns of encodings. A file
/// of the folder `properties/` defines
///
///   namespace pamkit::properties::statements {
///   std::vector<statement> FILE_STEM() { ... }
///   }
///
/// and is found by its name; nothing else has to be edited.

namespace pamkit::properties {

enum class case_state : std::uint8_t { outside, holds, violated };

/// What a statement says of each case of a batch.
class outcome {
 public:
  explicit outcome(std::size_t cases) : states_(cases), got_(cases), expected_(cases) {}

  /// Case i is inside the domain; the statement holds for it or not. Cases not mentioned are
  /// outside.
  void require(std::size_t i, bool holds, std::uint32_t got, std::uint32_t expected) {
    states_[i] = holds ? case_state::holds : case_state::violated;
    got_[i] = got;
    expected_[i] = expected;
  }

  /// Equality is equality of bits.
  void require_equal(std::size_t i, std::uint32_t got, std::uint32_t expected) {
    require(i, got == expected, got, expected);
  }

  case_state state(std::size_t i) const { return states_[i]; }
  std::uint32_t got(std::size_t i) const { return got_[i]; }
  std::uint32_t expected(std::size_t i) const { return expected_[i]; }
  std::size_t size() const { return states_.size(); }

 private:
  std::vector<case_state> states_;
  column got_;
  column expected_;
};

/// What every property says of itself.
struct property_text {
  std::string_view id;         ///< "P3"
  std::string_view part = {};  ///< tells the sentences of one number apart: "padding" of P45.padding
  std::string_view sentence;
  std::string_view domain;
  std::string_view operation;  ///< the one it is reported under
  /// The field of `promises` that it rests on, and its reading; none: it has to hold wherever it is
  /// defined.
  std::string_view promise;
  bool (*promised)(const promises&) = nullptr;
  /// Why an arithmetic may not promise what no case contradicts; said where that happens.
  std::string_view unpromised = {};
  /// What it is about, and in words; none: every format and compensation.
  bool (*about)(const subject&) = nullptr;
  std::string_view about_what = {};

  /// "P3", or "P45.padding": what one statement is called.
  std::string key() const;
};

/// Encodings from `first` to `last`, both included.
struct encoding_range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

/// A property of the scalar operations.
struct scalar_property {
  property_text text;
  int arity = 2;
  std::vector<std::string_view> needs = {};  ///< elementwise operations that it uses
  std::optional<derivative> vjp = {};        ///< the product's vjp that it uses

  /// Moves generic operands into the domain (turns one into a power of two, say); optional.
  void (*adapt)(const format_description&, operand_columns&) = nullptr;

  /// Operands that always take part: pinned examples and counterexamples; optional.
  std::vector<column> (*pinned)(const subject&) = nullptr;

  /// Whether the statement is about the pinned operands alone.
  bool only_pinned = false;

  /// It is run on one case out of so many, but on a thousand or all there are: one that is judged in
  /// exact rationals takes microseconds.
  std::size_t thinning = 1;

  /// It speaks of the real-number definition, so that neither backends nor policies matter: one row.
  bool about_reals = false;

  /// The operands that level exhaustive runs through one by one, of a unary statement; optional.
  std::vector<encoding_range> (*swept)(const format_description&) = nullptr;

  void (*evaluate)(const subject&, const operand_columns&, outcome&) = nullptr;
};

/// What a statement about matrix products found.
struct contraction_mismatch {
  std::uint32_t got = 0;  ///< binary32 encodings
  std::uint32_t expected = 0;
};

/// A property of matrix products, on operands widened to binary32.
struct contraction_property {
  property_text text;
  bool (*in_domain)(const subject&, const contraction_case&) = nullptr;
  /// Moves generic operands into the domain; optional.
  void (*adapt)(contraction_case&) = nullptr;
  /// The first difference, or nothing when the statement holds.
  std::optional<contraction_mismatch> (*evaluate)(const subject&,
                                                  const contraction_case&) = nullptr;
};

/// A property of a layer, on operands widened to binary32.
struct layer_property {
  property_text text;  ///< its operation is the layer
  /// Moves generic operands into the domain; optional.
  void (*adapt)(layer_case&) = nullptr;
  /// How many rows of the case are in the domain, and the first difference in one of them.
  struct finding {
    std::uint64_t cases = 0;
    std::optional<contraction_mismatch> mismatch = {};
  };
  finding (*evaluate)(const subject&, const layer_info&, const layer_case&) = nullptr;
};

using statement = std::variant<scalar_property, contraction_property, layer_property>;

/// All statements of the folder, in the order of their numbers.
const std::vector<statement>& statements_in_order();

/// The text of a statement of any kind.
const property_text& text_of(const statement& s);

}  // namespace pamkit::properties
