#include "contraction_case.hpp"

/// Square products of pam, by what the operands are: every class of the kernels.
namespace pamkit::benchmarks::measured {

std::vector<measured_case> matmul_classes(const settings& s) {
  std::vector<measured_case> cases;
  const std::vector<std::int64_t> sizes =
      s.quick ? std::vector<std::int64_t>{64} : std::vector<std::int64_t>{64, 128, 256, 512, 1024, 2048};
  for (const std::int64_t size : sizes) {
    for (const char* data : {"plain", "zeros", "underflow", "overflow", "full"}) {
      // The slow classes take the time of all others at the greatest size, and show nothing new
      // there; between the others sizes tell of packing and caches, which plain operands show best.
      const bool is_plain = std::string_view(data) == "plain";
      if ((size == 128 || size == 512) && !is_plain) continue;
      if (size > 1024 && !is_plain && std::string_view(data) != "zeros") continue;
      cases.push_back(contraction_case({.data = data, .m = size, .n = size, .k = size}));
    }
  }
  return cases;
}

}  // namespace pamkit::benchmarks::measured
