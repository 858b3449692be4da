#include "kernel_rows.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>

#include "pamkit/properties/backends.hpp"

namespace pamkit::properties {
namespace {

result row_of(const kernel_backend& b, std::string_view kernel) {
  result row;
  row.property = "kernels";
  row.operation = kernel;
  row.format = row.arithmetic = row.policy = row.overflow = "any";
  row.backend = b.implementation->name;
  row.domain = "launches whose results are judged by the other rows of this backend";
  row.is_part = true;
  return row;
}

template <class Visit>
void for_each_of(const suite_options& options, const Visit& visit) {
  for (const kernel_backend& b : kernel_backends()) {
    if (std::ranges::find(options.backends, b.implementation) != options.backends.end()) visit(b);
  }
}

}  // namespace

void add_kernel_rows(const suite_options& options, std::vector<result>& rows) {
  for_each_of(options, [&](const kernel_backend& b) {
    for (const auto& [kernel, launches] : b.take_launches()) {
      rows.push_back(row_of(b, kernel));
      rows.back().cases = launches;
    }
  });
}

void forget_launches(const suite_options& options) {
  for_each_of(options, [](const kernel_backend& b) { static_cast<void>(b.take_launches()); });
}

void add_missing_kernel_rows(const suite_options& options, std::vector<result>& rows) {
  for_each_of(options, [&](const kernel_backend& b) {
    std::set<std::string_view> seen;
    for (const result& r : rows) {
      if (r.property == "kernels" && r.backend == b.implementation->name) seen.insert(r.operation);
    }
    std::vector<std::string_view> missing;
    std::ranges::copy_if(b.kernels, std::back_inserter(missing),
                         [&](std::string_view kernel) { return !seen.contains(kernel); });
    for (const std::string_view kernel : missing) {
      rows.push_back(row_of(b, kernel));
      rows.back().status = run_status::not_run;
      rows.back().reason = "nothing in this run launches it";
      rows.back().is_part = false;
    }
  });
}

}  // namespace pamkit::properties
