#include "contraction_case.hpp"

/// Operands that memory holds in 16 or 8 bits, widened where they are read.
namespace pamkit::benchmarks::measured {

std::vector<measured_case> matmul_narrow(const settings& s) {
  std::vector<measured_case> cases;
  const std::vector<std::int64_t> sizes =
      s.quick ? std::vector<std::int64_t>{48} : std::vector<std::int64_t>{64, 512};
  for (const char* const format : {"bfloat16", "binary16", "e5m2", "e4m3"}) {
    for (const std::int64_t size : sizes) {
      cases.push_back(contraction_case({.format = format, .m = size, .n = size, .k = size}));
    }
  }
  return cases;
}

}  // namespace pamkit::benchmarks::measured
