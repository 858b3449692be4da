#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {

std::string_view name_of(run_mode mode) {
  switch (mode) {
    case run_mode::proved:
      return "proved";
    case run_mode::exhaustive:
      return "exhaustive";
    default:
      return "sampled";
  }
}

std::string_view name_of(run_status status) {
  switch (status) {
    case run_status::pass:
      return "pass";
    case run_status::fail:
      return "fail";
    case run_status::not_promised:
      return "not-promised";
    default:
      return "not-run";
  }
}

std::string_view name_of(subnormal_policy policy) {
  return policy == subnormal_policy::flush ? "flush" : "gradual";
}

std::string_view name_of(overflow_policy policy) {
  return policy == overflow_policy::infinity ? "infinity" : "saturate";
}

std::string_view name_of(derivative kind) {
  return kind == derivative::approx ? "approx" : "exact";
}

}  // namespace pamkit::properties
