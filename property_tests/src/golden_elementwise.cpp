#include "golden_elementwise.hpp"

#include "oracle_rules.hpp"

namespace pamkit::properties {

struct elementwise_oracle::state {
  reference::rules rules;
  reference::scalar_oracle one = nullptr;
  reference::admissible_oracle two = nullptr;
};

const property_text& golden_text() {
  static const property_text text = {
      .id = "P1",
      .sentence = "the result is the real-number definition's, encoded once",
      .domain = "all operands",
      .operation = "",
      .promise = "",
      .promised = nullptr};
  return text;
}

std::optional<elementwise_oracle> elementwise_oracle::find(std::string_view operation,
                                                           const arithmetic_choice& arithmetic,
                                                           const any_format& format,
                                                           subnormal_policy subnormals,
                                                           overflow_policy overflow) {
  const reference::scalar_oracle one = reference::find(operation, arithmetic.info->oracle);
  if (one == nullptr) return std::nullopt;
  elementwise_oracle oracle;
  oracle.state_ = std::make_shared<const state>(
      state{.rules = oracle_rules(arithmetic, format, subnormals, overflow),
            .one = one,
            .two = reference::find_admissible(operation, arithmetic.info->oracle)});
  return oracle;
}

allowed_results elementwise_oracle::results(std::span<const std::uint32_t> operands) const {
  if (state_->two != nullptr) {
    const reference::admissible either = state_->two(state_->rules, operands);
    return {either.lowest, either.highest};
  }
  const std::uint32_t only = state_->one(state_->rules, operands);
  return {only, only};
}

}  // namespace pamkit::properties
