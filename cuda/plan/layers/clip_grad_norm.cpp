#include "pamkit/layer/clip_grad_norm.hpp"

#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {
namespace {

struct definition : layer::clip_grad_norm {
  using layer::clip_grad_norm::checked_limit;
};

// Each tensor as one row, whose square sum has a place of its own; the factor stays on the device.
layer_plan forward(const layer_call& c, std::string_view arithmetic) {
  const double limit = definition::checked_limit(c);
  layer_planning p(c, arithmetic);
  std::vector<plan_part> gradients;
  std::vector<plan_part> clipped;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    gradients.push_back(p.operand(i));
    clipped.push_back(p.result(c.inputs[i].shape));
  }
  if (limit == 0) {
    p.return_operands();
    return p.take();
  }
  const auto count = static_cast<std::int64_t>(gradients.size());
  const plan_part square_sums = p.scratch(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const plan_part& g = gradients[static_cast<std::size_t>(i)];
    p.launch_rows("square_sum", p.rows({1, g.words}), {{&row_parameters::x, g}},
                  {{&row_parameters::y, {square_sums.buffer, i, 1}}});
  }
  const plan_part factor = p.scratch(1);
  element_parameters of_factor = p.elements(count);
  of_factor.limit = detail::from_host(limit);
  p.launch<element_parameters>("clip_factor", 1, 1, of_factor,
                               {{&element_parameters::x, square_sums}},
                               {{&element_parameters::y, factor}});
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const std::int64_t words = gradients[i].words;
    p.launch<element_parameters>(
        "scale", words, kElementThreads, p.elements(words),
        {{&element_parameters::x, gradients[i]}, {&element_parameters::factor, factor}},
        {{&element_parameters::y, clipped[i]}});
  }
  return p.take();
}

}  // namespace

extern const layer_planner clip_grad_norm{
    .name = "clip_grad_norm", .kernel = "clip_factor", .forward = forward};

}  // namespace pamkit::cuda::layer_plans
