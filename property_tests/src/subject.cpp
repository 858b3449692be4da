#include "pamkit/properties/subject.hpp"

#include <stdexcept>

namespace pamkit::properties {

subject::subject(const backend& implementation, const arithmetic_choice& arithmetic,
                 const any_format& format, subnormal_policy subnormals, overflow_policy overflow)
    : implementation_(&implementation),
      arithmetic_(arithmetic),
      rules_(arithmetic.configure(format, subnormals, overflow)),
      format_(describe(format)),
      promised_(arithmetic.info->promise(rules_)) {}

elementwise_function subject::find(std::string_view operation) const {
  return implementation_->elementwise(operation, rules_.arithmetic);
}

bool subject::defines(std::string_view operation) const { return find(operation) != nullptr; }

column subject::apply(std::string_view operation, const operand_columns& operands) const {
  return apply(operation, operands.front(), operands.back());
}

column subject::apply(std::string_view operation, const column& a, const column& b) const {
  const elementwise_function function = find(operation);
  if (function == nullptr) {
    throw std::invalid_argument("backend " + std::string(implementation_->name) + " has no " +
                                std::string(operation) + " of " + arithmetic_.label);
  }
  column out(a.size());
  function(rules_, a.data(), b.data(), out.data(), out.size());
  return out;
}

subject in_layers(const backend& implementation, const subject& s) {
  return {implementation, *parse_arithmetic(s.arithmetic().info->name), binary32{},
          s.rules().subnormals, s.rules().overflow};
}

}  // namespace pamkit::properties
