#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {

extern const layer_planner sum{
    .name = "sum",
    .kernel = "sum",
    .is_plain = true,
    .forward = [](const layer_call& c,
                  std::string_view a) { return plan_rows(c, a, "sum", true, false, true); },
    .vjp = [](const layer_call& c,
              std::string_view a) { return plan_rows(c, a, "sum", true, true, true); }};

}  // namespace pamkit::cuda::layer_plans
