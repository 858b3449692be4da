#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {

extern const layer_planner mean{
    .name = "mean",
    .kernel = "mean",
    .forward = [](const layer_call& c,
                  std::string_view a) { return plan_rows(c, a, "mean", true, false); },
    .vjp = [](const layer_call& c,
              std::string_view a) { return plan_rows(c, a, "mean", true, true); }};

}  // namespace pamkit::cuda::layer_plans
