#include <limits>

#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void clip_grad_norm(layer_case_source& source) {
  using enum layer_content;
  struct plan {
    layer_content content;
    std::vector<std::vector<std::int64_t>> shapes;
    double limit = 1;
  };
  const std::vector<plan> plans = {{ordinary, {{3, 5}, {7}, {2, 2, 2}}},
                                   {ordinary, {{4}}, 1e6},
                                   {ordinary, {{4}, {3}}, 0},
                                   {one_special, {{9}, {8}}, 0},
                                   {tiny, {{9}, {8}}, -0.0},
                                   {cancelling, {{2, 35}, {33}}, 0.1},
                                   {spread, {{40}, {0}, {1}, {9}}, 5},
                                   {weighted, {{3}, {2}}},
                                   {one_special, {{6}, {5}}},
                                   {tiny, {{5}, {4}}},
                                   {huge, {{5}, {4}}},
                                   {ordinary, {{4}, {3}}, 1e-40},  // subnormal
                                   {ordinary, {{4}, {3}}, 1e-50},  // rounds to 0, but is none
                                   {tiny, {{5}, {4}}, std::numeric_limits<double>::infinity()},
                                   {ordinary, {{2, 150}, {5}}}};  // more than a block of 256 threads
  for (const plan& p : plans) {
    layer_case c;
    for (const auto& shape : p.shapes) c.inputs.push_back(source.numbers(shape, p.content));
    // The default is left out, so that it is judged as a default.
    if (p.limit != 1) c.attributes = {{"limit", p.limit}};
    source.add(std::move(c));
  }
  // Squares that the first one absorbs, one after another, and that together it does not: the order of tensors.
  layer_case ordered;
  ordered.inputs = {source.between({1}, 0, 0)};
  for (int i = 0; i < 70; ++i) ordered.inputs.push_back(source.between({1}, -14, -14));
  ordered.attributes = {{"limit", 0.5}};
  source.add(std::move(ordered));
  // Turned off, it makes no NaN canonical.
  if (source.is_binary32()) {
    layer_case off;
    off.inputs = {source.numbers({5}, ordinary)};
    off.inputs[0].encodings[2] = source.payload_nan;
    off.attributes = {{"limit", 0}};
    source.add(std::move(off));
  }
  source.add_long([&](std::int64_t count) {
    layer_case c;
    c.inputs = {source.numbers({5}, ordinary), source.numbers({count}, ordinary)};
    return c;
  });
  // Nothing but zeros, and nothing at all: limit / 0.
  layer_case zeros;
  zeros.inputs = {source.numbers({5}, ordinary), source.numbers({}, ordinary)};
  for (tensor& t : zeros.inputs) {
    for (std::uint32_t& x : t.encodings) x ^= source.magnitude(x);
  }
  source.add(std::move(zeros));
  layer_case empty;
  empty.inputs = {source.numbers({0}, ordinary)};
  source.add(std::move(empty));
}

}  // namespace pamkit::properties::layer_cases
