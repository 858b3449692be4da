#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {

extern const layer_planner softmax{
    .name = "softmax",
    .kernel = "softmax",
    .forward = [](const layer_call& c,
                  std::string_view a) { return plan_rows(c, a, "softmax", false, false); },
    .vjp = [](const layer_call& c,
              std::string_view a) { return plan_rows(c, a, "softmax", false, true); }};

}  // namespace pamkit::cuda::layer_plans
