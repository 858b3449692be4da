#pragma once

#include <cstdint>

#include "pamkit/reference/exact_value.hpp"
#include "pamkit/reference/golden_model.hpp"

namespace pamkit::reference {

/// A format under the policies: what an operation needs to read its operands and to write its
/// result. Refers to the rules it was made from.
class codec {
 public:
  explicit codec(const rules& rules) : codec(rules, rules.subnormals, rules.overflow) {}
  codec(const rules& rules, subnormal_policy subnormals, overflow_policy overflow)
      : format_(rules.format), subnormals_(subnormals), overflow_(overflow) {}

  const format_description& format() const { return format_; }
  subnormal_policy subnormals() const { return subnormals_; }
  overflow_policy overflow() const { return overflow_; }

  exact_value decode(std::uint32_t bits) const {
    return reference::decode(format_, bits, subnormals_);
  }
  /// A number with its own sign, not zero.
  std::uint32_t encode(const rational& value) const {
    return reference::encode(abs(value), value.is_negative(), format_, subnormals_, overflow_);
  }
  /// A number of which only the magnitude counts; zero takes the sign.
  std::uint32_t encode(const rational& value, bool negative) const {
    return reference::encode(abs(value), negative, format_, subnormals_, overflow_);
  }
  std::uint32_t infinity(bool negative) const {
    return encode_infinity(negative, format_, overflow_);
  }
  std::uint32_t zero(bool negative) const { return negative ? format_.sign_mask : 0U; }
  std::uint32_t one() const { return format_.one; }
  std::uint32_t nan() const { return format_.nan; }

 private:
  const format_description& format_;
  subnormal_policy subnormals_;
  overflow_policy overflow_;
};

}  // namespace pamkit::reference
