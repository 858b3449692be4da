#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "suite_context.hpp"

namespace pamkit::properties {

/// Counts comparisons and keeps the first that fails.
class comparisons {
 public:
  template <class Got, class Expected>
  void equal(std::string_view what, const Got& got, const Expected& expected) {
    ++count_;
    if (got == expected || !failure_.empty()) return;
    failure_ = fmt::format("{} is {}, not {}", what, got, expected);
  }
  /// The finding as a row.
  result row(const property_text& text, std::string arithmetic, std::string format) const {
    result r{.property = std::string(text.id), .format = std::move(format)};
    r.statement = text.key();
    r.arithmetic = std::move(arithmetic);
    r.policy = r.overflow = r.backend = "any";
    r.domain = text.domain;
    r.mode = run_mode::exhaustive;
    r.cases = count_;
    if (!failure_.empty()) {
      r.status = run_status::fail;
      r.reason = failure_;
    }
    return r;
  }

 private:
  std::uint64_t count_ = 0;
  std::string failure_;
};

}  // namespace pamkit::properties
