#include "pamkit/layer/adamw_step.hpp"

#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {
namespace {

struct definition : layer::adamw_step {
  using layer::adamw_step::require_shapes;
};

adamw_parameters parameters(const layer_call& c) {
  const definition::scalars s(c);
  adamw_parameters p;
  p.rules = c.rules.uncompensated();
  p.b1 = s.b1;
  p.b2 = s.b2;
  p.rest1 = s.rest1;
  p.rest2 = s.rest2;
  p.eps = s.eps;
  p.decay = s.decay;
  p.step = s.step;
  return p;
}

layer_plan forward(const layer_call& c, std::string_view arithmetic) {
  definition::require_shapes(c);
  adamw_parameters update = parameters(c);
  layer_planning p(c, arithmetic);
  const plan_part parameter = p.operand(0);
  const plan_part gradient = p.operand(1);
  const plan_part m = p.operand(2);
  const plan_part v = p.operand(3);
  const plan_part new_parameter = p.result(c.inputs[0].shape);
  const plan_part new_m = p.result(c.inputs[0].shape);
  const plan_part new_v = p.result(c.inputs[0].shape);
  update.count = parameter.words;
  p.launch<adamw_parameters>("adamw_step", update.count, kElementThreads, update,
                             {{&adamw_parameters::parameter, parameter},
                              {&adamw_parameters::gradient, gradient},
                              {&adamw_parameters::m, m},
                              {&adamw_parameters::v, v}},
                             {{&adamw_parameters::new_parameter, new_parameter},
                              {&adamw_parameters::new_m, new_m},
                              {&adamw_parameters::new_v, new_v}});
  return p.take();
}

}  // namespace

extern const layer_planner adamw_step{
    .name = "adamw_step", .kernel = "adamw_step", .forward = forward};

}  // namespace pamkit::cuda::layer_plans
