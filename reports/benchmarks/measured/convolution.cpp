#include <fmt/format.h>

#include "layer_case.hpp"

/// A convolution of 64 channels with 3 x 3 taps on 32 x 32 pixels. Rivals without
/// convolutions do the matrix product of its size (pixels x outputs x taps), without gathering the taps.
namespace pamkit::benchmarks::measured {

std::vector<measured_case> convolution(const settings& s) {
  const std::int64_t images = s.quick ? 1 : 4;
  const std::int64_t channels = s.quick ? 4 : 64;
  const std::int64_t edge = s.quick ? 8 : 32;
  const std::int64_t pixels = images * edge * edge;
  const std::int64_t taps = channels * 9;
  layer_task t;
  t.operation = "conv2d";
  t.shape = fmt::format("{} images, {} channels, {}x{}, 3x3 taps", images, channels, edge, edge);
  t.unit = "terms";
  t.inputs = {{{images, channels, edge, edge}}, {{channels, channels, 3, 3}}, {{channels}}};
  t.attributes = {{"padding", 1}};
  t.work = static_cast<double>(pixels * channels * taps);
  t.rivals.m = pixels;
  t.rivals.n = channels;
  t.rivals.k = taps;
  t.rivals.is_convolution = {images, channels, channels, edge, 3, 1};
  layer_task back = t;
  back.operation = "conv2d_vjp";
  back.inputs.push_back({{images, channels, edge, edge}});
  back.work = 2 * t.work;  // of both factors
  back.rivals = {.what = task::map, .n = 1};  // which no rival has
  return {layer_case(t), layer_case(back)};
}

}  // namespace pamkit::benchmarks::measured
