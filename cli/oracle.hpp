#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "pamkit/backend.hpp"
#include "pamkit/reference/golden_model.hpp"

namespace pamkit::cli {

/// The rules of the golden model that judges a configuration.
reference::rules oracle_rules(const configuration& rules);

/// The golden model of one operation under one configuration, looked up once.
class oracle {
 public:
  /// The operation must be defined for the arithmetic.
  oracle(std::string_view operation, const configuration& rules);

  /// The encodings that are right.
  reference::admissible admissible(std::span<const std::uint32_t> operands) const;
  /// The correctly rounded one of them.
  std::uint32_t golden(std::span<const std::uint32_t> operands) const {
    return golden_(rules_, operands);
  }
  /// Whether more than one encoding can be right: a function that a C library computes.
  bool has_choice() const { return admissible_ != nullptr; }

 private:
  reference::rules rules_;
  reference::scalar_oracle golden_;
  reference::admissible_oracle admissible_;
};

/// "40000000", or "3F800000 or 3F800001" where either is right.
std::string hex(const reference::admissible& expected, const format_description& format);

}  // namespace pamkit::cli
