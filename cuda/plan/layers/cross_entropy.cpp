#include "pamkit/layer/cross_entropy.hpp"

#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {
namespace {

struct definition : layer::cross_entropy {
  using layer::cross_entropy::rows;
};

// Both directions begin with the loss of each row.
struct losses {
  const definition::rows rows;
  layer_planning plan;
  plan_part x;
  plan_part labels;
  plan_part of_rows;

  losses(const layer_call& c, std::string_view arithmetic)
      : rows(c),
        plan(c, arithmetic),
        x(plan.operand(0)),
        labels(plan.operand(1)),
        of_rows(plan.scratch(rows.count)) {
    plan.labels_are_classes(1, rows.classes);
    plan.launch_rows("cross_entropy", parameters(),
                     {{&row_parameters::x, x}, {&row_parameters::labels, labels}},
                     {{&row_parameters::y, of_rows}});
  }

  row_parameters parameters() const {
    row_parameters p = plan.rows({rows.count, rows.classes});
    p.right = rows.right;
    p.wrong = rows.wrong;
    return p;
  }
  // The losses as one row. Its labels tell the kernel how many of them are kept.
  row_parameters as_one_row() const { return plan.rows({1, rows.count}); }
};

layer_plan forward(const layer_call& c, std::string_view arithmetic) {
  losses l(c, arithmetic);
  const plan_part loss = l.plan.result({});
  l.plan.launch_rows("mean", l.as_one_row(),
                     {{&row_parameters::x, l.of_rows}, {&row_parameters::labels, l.labels}},
                     {{&row_parameters::y, loss}});
  return l.plan.take();
}

// The derivative of the mean, which each loss receives, comes first: its piece depends on the sum's
// fraction.
layer_plan vjp(const layer_call& c, std::string_view arithmetic) {
  require_shape(c, "d_loss", c.inputs[2], {});
  losses l(c, arithmetic);
  const plan_part d_loss = l.plan.operand(2);
  const plan_part dx = l.plan.result(c.inputs[0].shape);
  const plan_part d_losses = l.plan.scratch(l.rows.count);
  l.plan.launch_rows("mean_vjp", l.as_one_row(),
                     {{&row_parameters::x, l.of_rows},
                      {&row_parameters::labels, l.labels},
                      {&row_parameters::d, d_loss}},
                     {{&row_parameters::y, d_losses}});
  l.plan.launch_rows("cross_entropy_vjp", l.parameters(),
                     {{&row_parameters::x, l.x},
                      {&row_parameters::labels, l.labels},
                      {&row_parameters::d, d_losses}},
                     {{&row_parameters::y, dx}});
  return l.plan.take();
}

}  // namespace

extern const layer_planner cross_entropy{
    .name = "cross_entropy", .kernel = "cross_entropy", .forward = forward, .vjp = vjp};

}  // namespace pamkit::cuda::layer_plans
