#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void linear(layer_case_source& source) {
  using enum layer_content;
  struct plan {
    layer_content content;
    std::int64_t rows, inputs, outputs;
    bool has_bias = true;
  };
  constexpr std::int64_t kOneVector = -1;  // x without any axis of rows
  // The bias gradient is a sum over blocks of 128 rows.
  std::vector<plan> plans = {
      {ordinary, 4, 5, 3}, {ordinary, 3, 7, 2, false}, {cancelling, 130, 1, 2}, {ordinary, 2, 0, 3},
      {ordinary, 0, 2, 3}, {weighted, 6, 1, 2},        {one_special, 4, 3, 3},  {tiny, 2, 3, 2},
      {huge, 2, 3, 2},     {cancelling, 3, 9, 2},    {training, 4, 12, 5},
      {recorded, 4, 12, 5}, {ordinary, kOneVector, 4, 3}, {ordinary, 3, 2, 0},
      {weighted, 2, 0, 9}, {ordinary, 2, 2, 300}};  // no term; several tiles of outputs
  if (!source.is_quick()) {
    plans.insert(plans.end(), {{ordinary, 259, 2, 2}, {spread, 6, 20, 4}, {weighted, 9, 2, 2}, {ordinary, 3, 200, 3}});
    // In binary32 more blocks of rows than a block has rows.
    if (source.is_binary32()) plans.push_back({cancelling, 128 * 128 + 200, 1, 1});
  }
  // More weights, and more outputs of more rows, than 16 bits count.
  source.add_long([&](std::int64_t) {
    layer_case c;
    c.inputs = {source.numbers({1, 258}, ordinary), source.numbers({258, 258}, ordinary), source.numbers({258}, ordinary)};
    c.incoming = {source.numbers({1, 258}, ordinary)};
    return c;
  });
  source.add_long([&](std::int64_t) {
    layer_case c;
    c.inputs = {source.numbers({257, 1}, ordinary), source.numbers({257, 1}, ordinary), source.numbers({257}, ordinary)};
    c.incoming = {source.numbers({257, 257}, ordinary)};
    return c;
  });
  for (const plan& p : plans) {
    std::vector<std::int64_t> leading = {p.rows};
    if (p.rows == kOneVector) leading = {};
    if (p.rows > 0 && p.rows % 2 == 0) leading = {p.rows / 2, 2};
    if (p.rows == 6) leading = {1, 3, 2};
    const auto with_last = [&](std::int64_t n) {
      std::vector<std::int64_t> shape = leading;
      shape.push_back(n);
      return shape;
    };
    layer_case c;
    c.inputs = {source.numbers(with_last(p.inputs), p.content),
                source.numbers({p.outputs, p.inputs}, p.content),
                source.numbers({p.has_bias ? p.outputs : 0}, p.content)};
    c.incoming = {source.numbers(with_last(p.outputs), p.content)};
    // A bias without any term to add: no -0, and in binary32 no payload, comes out.
    if (p.inputs == 0 && p.content == weighted) {
      c.inputs[2].encodings[0] = source.negative_zero();
      if (source.is_binary32()) c.inputs[2].encodings[1] = source.payload_nan;
    }
    source.add(std::move(c));
  }
}

}  // namespace pamkit::properties::layer_cases
