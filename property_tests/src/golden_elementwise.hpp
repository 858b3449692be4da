#pragma once

#include <memory>
#include <optional>
#include <span>

#include "pamkit/properties/property.hpp"

namespace pamkit::properties {

/// P1 as a statement; its operation is filled in by each row.
const property_text& golden_text();

/// What a result may be: one encoding, or two neighbours where a C library's function decides.
struct allowed_results {
  std::uint32_t lowest = 0;
  std::uint32_t highest = 0;
  bool contains(std::uint32_t bits) const { return bits == lowest || bits == highest; }
};

/// The golden model of one elementwise operation under one set of rules.
class elementwise_oracle {
 public:
  /// Nothing when the reference has no such operation or arithmetic.
  static std::optional<elementwise_oracle> find(std::string_view operation,
                                                const arithmetic_choice& arithmetic,
                                                const any_format& format,
                                                subnormal_policy subnormals,
                                                overflow_policy overflow);

  allowed_results results(std::span<const std::uint32_t> operands) const;

 private:
  struct state;  // the reference's headers are large, and stay out of here
  std::shared_ptr<const state> state_;
};

}  // namespace pamkit::properties
