#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {

extern const layer_planner logsumexp{
    .name = "logsumexp",
    .kernel = "logsumexp",
    .forward = [](const layer_call& c,
                  std::string_view a) { return plan_rows(c, a, "logsumexp", true, false); },
    .vjp = [](const layer_call& c,
              std::string_view a) { return plan_rows(c, a, "logsumexp", true, true); }};

}  // namespace pamkit::cuda::layer_plans
