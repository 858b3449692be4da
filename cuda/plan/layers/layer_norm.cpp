#include "pamkit/layer/layer_norm.hpp"

#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {
namespace {

struct definition : layer::layer_norm {
  using layer::layer_norm::checked_rows;
};

row_parameters parameters(const layer_planning& p, const layer_call& c, const row_layout& l) {
  row_parameters rows = p.rows(l);
  rows.eps = detail::from_host(c.attribute("eps"));
  return rows;
}

layer_plan forward(const layer_call& c, std::string_view arithmetic) {
  const row_layout l = definition::checked_rows(c);
  layer_planning p(c, arithmetic);
  const plan_part x = p.operand(0);
  const plan_part gain = p.operand(1);
  const plan_part bias = p.operand(2);
  const plan_part y = p.result(c.inputs[0].shape);
  p.launch_rows(
      "layer_norm", parameters(p, c, l),
      {{&row_parameters::x, x}, {&row_parameters::gain, gain}, {&row_parameters::bias, bias}},
      {{&row_parameters::y, y}});
  return p.take();
}

// What each row adds to the gain's derivative is summed down columns, as the bias's.
layer_plan vjp(const layer_call& c, std::string_view arithmetic) {
  const row_layout l = definition::checked_rows(c);
  require_shape(c, "d_y", c.inputs[3], c.inputs[0].shape);
  layer_planning p(c, arithmetic);
  const plan_part x = p.operand(0);
  const plan_part gain = p.operand(1);
  const plan_part d = p.operand(3);
  const plan_part dx = p.result(c.inputs[0].shape);
  const plan_part d_gain = p.result(c.inputs[1].shape);
  const plan_part d_bias = p.result(c.inputs[2].shape);
  const plan_part terms = p.scratch(x.words);
  p.launch_rows("layer_norm_vjp", parameters(p, c, l),
                {{&row_parameters::x, x}, {&row_parameters::gain, gain}, {&row_parameters::d, d}},
                {{&row_parameters::y, dx}, {&row_parameters::terms, terms}});
  p.launch_column_sums(columns_of_rows(l.rows, l.length), terms, d_gain);
  p.launch_column_sums(columns_of_rows(l.rows, l.length), d, d_bias);
  return p.take();
}

}  // namespace

extern const layer_planner layer_norm{
    .name = "layer_norm", .kernel = "layer_norm", .forward = forward, .vjp = vjp};

}  // namespace pamkit::cuda::layer_plans
