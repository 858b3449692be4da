#pragma once

#include <string>
#include <string_view>

#include "pamkit/backend.hpp"
#include "pamkit/properties/generator.hpp"

namespace pamkit::properties {

/// One arithmetic of one backend under one set of rules, as a property sees it: functions on
/// columns of encodings.
class subject {
 public:
  subject(const backend& implementation, const arithmetic_choice& arithmetic,
          const any_format& format, subnormal_policy subnormals, overflow_policy overflow);

  const backend& implementation() const { return *implementation_; }
  const arithmetic_choice& arithmetic() const { return arithmetic_; }
  const configuration& rules() const { return rules_; }
  const format_description& format() const { return format_; }
  const promises& promised() const { return promised_; }
  bool flushes() const { return rules_.subnormals == subnormal_policy::flush; }

  /// Whether the backend has this elementwise operation for the arithmetic.
  bool defines(std::string_view operation) const;

  /// The operation on every case. Throws std::invalid_argument when it is not defined.
  column apply(std::string_view operation, const operand_columns& operands) const;
  column apply(std::string_view operation, const column& a, const column& b) const;

  column mul(const column& a, const column& b) const { return apply("mul", a, b); }
  column div(const column& a, const column& b) const { return apply("div", a, b); }

 private:
  elementwise_function find(std::string_view operation) const;

  const backend* implementation_;
  arithmetic_choice arithmetic_;
  configuration rules_;
  format_description format_;
  promises promised_;
};

/// What layers of `implementation` compute with for the subject `s`: its arithmetic without compensation
/// (docs/specification.md, section 13), on binary32, under its policies.
subject in_layers(const backend& implementation, const subject& s);

}  // namespace pamkit::properties
