#include "pamkit/layer/dropout.hpp"

#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {
namespace {

struct definition : layer::dropout {
  using layer::dropout::checked_factor;
};

layer_plan forward(const layer_call& c, std::string_view arithmetic) {
  const word kept_by = definition::checked_factor(c);
  layer_planning p(c, arithmetic);
  const plan_part x = p.operand(0);
  const plan_part mask = p.operand(1);
  const plan_part factor = p.constant(kept_by);
  const plan_part y = p.result(c.inputs[0].shape);
  p.launch<element_parameters>("scale", x.words, kElementThreads, p.elements(x.words),
                               {{&element_parameters::x, x},
                                {&element_parameters::mask, mask},
                                {&element_parameters::factor, factor}},
                               {{&element_parameters::y, y}});
  return p.take();
}

layer_plan vjp(const layer_call& c, std::string_view arithmetic) {
  const word kept_by = definition::checked_factor(c);
  require_shape(c, "d_y", c.inputs[2], c.inputs[0].shape);
  layer_planning p(c, arithmetic);
  const plan_part x = p.operand(0);
  const plan_part mask = p.operand(1);
  const plan_part d = p.operand(2);
  const plan_part factor = p.constant(kept_by);
  const plan_part dx = p.result(c.inputs[0].shape);
  p.launch<element_parameters>("scale_vjp", x.words, kElementThreads, p.elements(x.words),
                               {{&element_parameters::x, x},
                                {&element_parameters::mask, mask},
                                {&element_parameters::d, d},
                                {&element_parameters::factor, factor}},
                               {{&element_parameters::y, dx}});
  return p.take();
}

}  // namespace

extern const layer_planner dropout{
    .name = "dropout", .kernel = "scale", .forward = forward, .vjp = vjp};

}  // namespace pamkit::cuda::layer_plans
