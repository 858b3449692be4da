#include <fmt/format.h>

#include "layer_case.hpp"

/// Convolutions and their derivatives: 3 x 3 taps on 64 channels of 32 x 32 pixels, the same with
/// every other place, the patches of a vision transformer, and a channel by itself. Rivals without
/// convolutions do the matrix product of its size (pixels x outputs x taps, for each group),
/// without gathering the taps.
namespace pamkit::benchmarks::measured {
namespace {

// A convolution and, after it, its derivative, which no rival has.
void add(std::vector<measured_case>& cases, const convolution& c) {
  const std::int64_t out_edge = (c.edge + 2 * c.padding - c.taps) / c.stride + 1;
  const std::int64_t group_channels = c.channels / c.groups;
  layer_task t;
  t.operation = "conv2d";
  t.shape = fmt::format("{} images, {} channels, {}x{}, {}x{} taps", c.images, c.channels, c.edge,
                        c.edge, c.taps, c.taps);
  if (c.outputs != c.channels) t.shape += fmt::format(", {} outputs", c.outputs);
  if (c.stride != 1) t.shape += fmt::format(", stride {}", c.stride);
  if (c.groups != 1) t.shape += fmt::format(", {} groups", c.groups);
  t.unit = "terms";
  t.inputs = {{{c.images, c.channels, c.edge, c.edge}},
              {{c.outputs, group_channels, c.taps, c.taps}},
              {{c.outputs}}};
  t.attributes = {{"stride", static_cast<double>(c.stride)},
                  {"padding", static_cast<double>(c.padding)},
                  {"groups", static_cast<double>(c.groups)}};
  t.rivals.batch = c.groups;
  t.rivals.m = c.images * out_edge * out_edge;
  t.rivals.n = c.outputs / c.groups;
  t.rivals.k = group_channels * c.taps * c.taps;
  t.rivals.is_convolution = c;
  t.work = static_cast<double>(c.groups * t.rivals.m * t.rivals.n * t.rivals.k);
  cases.push_back(layer_case(t));
  t.operation = "conv2d_vjp";
  t.inputs.push_back({{c.images, c.outputs, out_edge, out_edge}});
  t.work *= 2;  // of both factors
  t.rivals = {};
  t.rivals.what = task::map;
  t.rivals.n = 1;
  cases.push_back(layer_case(t));
}

}  // namespace

std::vector<measured_case> convolution(const settings& s) {
  const std::int64_t images = s.quick ? 1 : 4;
  const std::int64_t channels = s.quick ? 4 : 64;
  const std::int64_t edge = s.quick ? 8 : 32;
  const benchmarks::convolution whole = {.images = images,
                                         .channels = channels,
                                         .outputs = channels,
                                         .edge = edge,
                                         .taps = 3,
                                         .padding = 1};
  benchmarks::convolution strided = whole;
  strided.stride = 2;
  const benchmarks::convolution patches = {.images = s.quick ? 1 : 16,
                                           .channels = 3,
                                           .outputs = s.quick ? 8 : 192,
                                           .edge = edge,
                                           .taps = 4,
                                           .stride = 4};
  benchmarks::convolution depthwise = whole;
  depthwise.groups = channels;
  std::vector<measured_case> cases;
  for (const benchmarks::convolution& c : {whole, strided, patches, depthwise}) add(cases, c);
  return cases;
}

}  // namespace pamkit::benchmarks::measured
