#include "measurement.hpp"

#include <algorithm>

#include "measurement/domains.hpp"

namespace pamkit::reports {

namespace {

// An arithmetic whose results are the ordinary ones rounded once.
bool is_ordinary(const arithmetic_info& arithmetic) { return arithmetic.name == "exact"; }

}  // namespace

std::string_view name_of(error_domain domain) {
  return domain == error_domain::fractions ? "fractions" : "in-range";
}
std::string_view name_of(evidence_kind evidence) {
  switch (evidence) {
    case evidence_kind::proved:
      return "proved";
    case evidence_kind::exhaustive:
      return "exhaustive";
    case evidence_kind::sampled:
      return "sampled";
  }
  return "";
}
std::string_view name_of(subnormal_policy policy) {
  return policy == subnormal_policy::flush ? "flush" : "gradual";
}

const bound* measurement::find(std::string_view metric) const {
  const auto it = std::ranges::find(bounds, metric, &bound::metric);
  return it == bounds.end() ? nullptr : &*it;
}

std::optional<std::string> reason_not_measured(const measured_operation& operation,
                                               const arithmetic_choice& arithmetic,
                                               error_domain domain) {
  if (arithmetic.info->name == "adder") {
    return "its product is -|a - b|, which does not stand for a b: a relative error would say "
           "nothing";
  }
  if (domain == error_domain::in_range) return std::nullopt;
  if (operation.fractions == fraction_domain::none) {
    return "the error depends on the exponents of the operands, so no set of fractions stands for "
           "all";
  }
  if (is_ordinary(*arithmetic.info)) {
    return "before its one rounding the result is the ordinary one: the error is 0 by definition";
  }
  return std::nullopt;
}

measurement measure_fractions(const measurement_request& request) {
  return request.operation->fractions == fraction_domain::pairs ? measure_pair_fractions(request)
                                                                : measure_unary_fractions(request);
}

measurement measurement_of(const measurement_request& request, error_domain domain) {
  return {.operation = request.operation,
          .format = describe(request.format),
          .arithmetic = request.arithmetic.label,
          .policy = request.policy,
          .domain = domain,
          .bounds = {}};
}

}  // namespace pamkit::reports
