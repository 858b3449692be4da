#pragma once

#include <string_view>

#include "pamkit/properties/suite.hpp"
#include "pamkit/reference/golden_model.hpp"

namespace pamkit::properties {

/// Statistics of the relative error of a product or quotient of a format of up to 16 bits, over the
/// pairs of a sweep that are in range (see error_statistics).
///
/// A relative error of two operands of n <= 11 significant bits is a fraction whose denominator is
/// below 2^(2 n): two that differ do so by 2^-44 or more, and binary64, which errs by 2^-51 where
/// the error is below 2, tells them apart. The extremes are then computed exactly from their
/// operands. (A difference in place of a product, as adder has it, may err by more; there extremes
/// are those of the binary64 values.)
class sweep_errors {
 public:
  sweep_errors(const reference::rules& rules, std::string_view operation);

  /// The rules of the results that `add` takes: overflow to infinity, so that no clamped result
  /// passes for one in range.
  const reference::rules& rules() const { return rules_; }

  /// Pairs of one first operand with consecutive second ones, and their results.
  void add(const operand_columns& operands, const column& results);

  error_statistics statistics() const;

 private:
  struct extreme {
    double value = 0;
    std::uint32_t a = 0, b = 0, result = 0;
  };
  error_statistics::extreme described(const extreme& e) const;

  reference::rules rules_;
  bool is_product_;
  std::vector<double> values_;
  std::vector<double> errors_;
  std::uint64_t pairs_ = 0;
  double sum_ = 0;
  extreme least_, greatest_;
};

}  // namespace pamkit::properties
