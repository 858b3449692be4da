#include "contraction_case.hpp"

/// Derivatives of products: the approximate ones are products again, the exact ones apply slopes,
/// AdderNet's are products with differences.
namespace pamkit::benchmarks::measured {

std::vector<measured_case> matmul_derivatives(const settings& s) {
  const std::int64_t size = s.quick ? 48 : 512;
  std::vector<measured_case> cases;
  for (const auto& [arithmetic, gradient, name] :
       {std::tuple("pam", derivative::approx, "approx derivative"),
        std::tuple("pam", derivative::exact, "exact derivative"),
        std::tuple("adder", derivative::approx, "approx derivative")}) {
    for (const auto& [kind, of] : {std::pair(contraction_kind::vjp_a, " of a"),
                                   std::pair(contraction_kind::vjp_b, " of b")}) {
      cases.push_back(contraction_case({.name = std::string(name) + of,
                                        .arithmetic = arithmetic,
                                        .m = size,
                                        .n = size,
                                        .k = size,
                                        .kind = kind,
                                        .gradient = gradient}));
    }
  }
  return cases;
}

}  // namespace pamkit::benchmarks::measured
