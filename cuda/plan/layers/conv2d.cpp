#include "pamkit/layer/conv2d.hpp"

#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda::layer_plans {
namespace {

using geometry = layer::conv2d::geometry;

// Of all three kernels, which have one frame.
constexpr std::int64_t kThreads = conv2d_direct<void>::threads;

std::vector<std::int64_t> y_shape(const geometry& g) {
  return {g.images, g.outputs, g.out_height, g.out_width};
}

conv2d_parameters parameters(const layer_call& c, const geometry& g) {
  conv2d_parameters p;
  p.rules = c.rules;
  p.gradient = c.gradient;
  p.stride = g.stride;
  p.padding = g.padding;
  p.dilation = g.dilation;
  p.images = g.images;
  p.channels = g.channels;
  p.height = g.height;
  p.width = g.width;
  p.outputs = g.outputs;
  p.group_channels = g.group_channels;
  p.group_outputs = g.outputs / g.groups;
  p.kernel_height = g.kernel_height;
  p.kernel_width = g.kernel_width;
  p.out_height = g.out_height;
  p.out_width = g.out_width;
  return p;
}

layer_plan forward(const layer_call& c, std::string_view arithmetic) {
  const geometry g(c);
  layer_planning p(c, arithmetic);
  const plan_part x = p.operand(0);
  const plan_part w = p.operand(1);
  const plan_part y = p.result(y_shape(g));
  const conv2d_parameters of_call = parameters(c, g);
  if (!g.has_bias) {
    p.launch<conv2d_parameters>("conv2d", y.words, kThreads, of_call,
                                {{&conv2d_parameters::x, x}, {&conv2d_parameters::w, w}},
                                {{&conv2d_parameters::y, y}});
    return p.take();
  }
  const plan_part bias = p.operand(2);
  p.launch<conv2d_parameters>(
      "conv2d", y.words, kThreads, of_call,
      {{&conv2d_parameters::x, x}, {&conv2d_parameters::w, w}, {&conv2d_parameters::bias, bias}},
      {{&conv2d_parameters::y, y}});
  return p.take();
}

// Rows are images, output rows, output columns, in this order.
column_parameters columns_of_outputs(const geometry& g) {
  const std::int64_t area = g.out_height * g.out_width;
  column_parameters p;
  p.rows = g.images * area;
  p.columns = g.outputs;
  p.inner = area == 0 ? 1 : area;
  p.outer_stride = g.outputs * area;
  p.inner_stride = 1;
  p.column_stride = area;
  return p;
}

layer_plan vjp(const layer_call& c, std::string_view arithmetic) {
  const geometry g(c);
  require_shape(c, "d_y", c.inputs[3], y_shape(g));
  layer_planning p(c, arithmetic);
  const plan_part x = p.operand(0);
  const plan_part w = p.operand(1);
  const plan_part d = p.operand(3);
  const conv2d_parameters of_call = parameters(c, g);
  const auto launch = [&](std::string_view kernel, const plan_part& result) {
    p.launch<conv2d_parameters>(
        kernel, result.words, kThreads, of_call,
        {{&conv2d_parameters::x, x}, {&conv2d_parameters::w, w}, {&conv2d_parameters::d, d}},
        {{&conv2d_parameters::y, result}});
  };
  launch("conv2d_input_vjp", p.result(c.inputs[0].shape));
  launch("conv2d_weight_vjp", p.result(c.inputs[1].shape));
  const plan_part d_bias = p.result(c.inputs[2].shape);
  if (g.has_bias) p.launch_column_sums(columns_of_outputs(g), d, d_bias);
  return p.take();
}

}  // namespace

extern const layer_planner conv2d{
    .name = "conv2d", .kernel = "conv2d", .forward = forward, .vjp = vjp};

}  // namespace pamkit::cuda::layer_plans
