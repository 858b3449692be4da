#pragma once

#include <optional>
#include <vector>

#include "golden_contraction.hpp"
#include "golden_elementwise.hpp"
#include "pamkit/properties/property.hpp"
#include "pamkit/properties/suite.hpp"

/// One statement, one subject, given cases: what the suite and a replay share.

namespace pamkit::properties {

/// What became of a batch of cases.
struct judgement {
  std::uint64_t cases = 0;             ///< inside the domain
  std::optional<column> failing = {};  ///< operands of the first violated case
  std::uint32_t got = 0;
  std::uint32_t expected = 0;
};

/// A scalar statement on the cases.
judgement judge(const scalar_property& property, const subject& s, const operand_columns& operands);

/// P1 on the cases; `expected` are the oracle's results for them.
judgement judge(std::string_view operation, const subject& s, const operand_columns& operands,
                const std::vector<allowed_results>& expected);

/// Why a subject cannot be asked about a statement; empty when it can: the arithmetic or the
/// backend lacks something.
std::string missing_in_arithmetic(const scalar_property& property, const arithmetic_info& info);
std::string missing_in_backend(const scalar_property& property, const subject& s);

}  // namespace pamkit::properties
