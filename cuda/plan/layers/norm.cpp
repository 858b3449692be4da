#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {

extern const layer_planner norm{
    .name = "norm",
    .kernel = "norm",
    .forward = [](const layer_call& c,
                  std::string_view a) { return plan_rows(c, a, "norm", true, false); },
    .vjp = [](const layer_call& c,
              std::string_view a) { return plan_rows(c, a, "norm", true, true); }};

}  // namespace pamkit::cuda::layer_plans
