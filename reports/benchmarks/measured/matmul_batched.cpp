#include "contraction_case.hpp"

/// Many small products.
namespace pamkit::benchmarks::measured {

std::vector<measured_case> matmul_batched(const settings& s) {
  std::vector<measured_case> cases;
  for (const char* data : {"plain", "zeros"}) {
    cases.push_back(contraction_case(
        {.name = "bmm", .data = data, .batch = s.quick ? 4 : 64, .m = 64, .n = 64, .k = 64}));
  }
  return cases;
}

}  // namespace pamkit::benchmarks::measured
