#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {

extern const layer_planner log_softmax{
    .name = "log_softmax",
    .kernel = "log_softmax",
    .forward = [](const layer_call& c,
                  std::string_view a) { return plan_rows(c, a, "log_softmax", false, false); },
    .vjp = [](const layer_call& c,
              std::string_view a) { return plan_rows(c, a, "log_softmax", false, true); }};

}  // namespace pamkit::cuda::layer_plans
