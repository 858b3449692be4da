#include "contraction_case.hpp"

/// Square products of every other arithmetic.
namespace pamkit::benchmarks::measured {

std::vector<measured_case> matmul_arithmetics(const settings& s) {
  std::vector<measured_case> cases;
  const std::vector<std::int64_t> sizes =
      s.quick ? std::vector<std::int64_t>{48} : std::vector<std::int64_t>{64, 512};
  for (const arithmetic_info& a : arithmetics()) {
    if (a.name == "pam") continue;
    for (const std::int64_t size : sizes) {
      cases.push_back(
          contraction_case({.arithmetic = std::string(a.name), .m = size, .n = size, .k = size}));
    }
  }
  return cases;
}

}  // namespace pamkit::benchmarks::measured
