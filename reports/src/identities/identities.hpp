#pragma once

#include <vector>

#include "error_tables.hpp"

/// What the errors of products and quotients make of identities of ordinary arithmetic: rows of the
/// real-number definitions, proved, and of the emulator's results.

namespace pamkit::reports {

/// What a group needs to know of the report.
struct group_request {
  arithmetic_choice arithmetic;
  subnormal_policy policy = subnormal_policy::flush;
  report_level level = report_level::standard;
  std::uint64_t seed = 1;
  const std::atomic<bool>* stop = nullptr;

  void check_stop() const {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) throw stopped();
  }
};

/// Sums of the rows of a softmax, which would be 1.
std::vector<bound_group> softmax_row_sums(const group_request& request);

/// pam(a, b + c) over pam(a, b) + pam(a, c), a, b and c of one sign, sums exact. Over the
/// definition, and for the named formats over their fractions and 4 exponents to either side.
bound_group real_distributivity();
bound_group distributivity_of(const group_request& request, const any_format& format);

/// Dot products of binary32: abs(pa - exact) over the sum of abs(a b).
std::vector<bound_group> dot_products(const group_request& request);

}  // namespace pamkit::reports
