#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void dropout(layer_case_source& source) {
  // The factor of 0.6 is another one if it is computed in binary32.
  const double rates[] = {0.1, 0.6, 0.5, 0};
  const std::vector<std::int64_t> shapes[] = {{3, 7}, {5}, {2, 3, 2}, {}, {0, 3}, {4, 4}};
  std::size_t next = 0;
  const auto add_with = [&](double rate, layer_content content, const std::vector<std::int64_t>& shape) {
    layer_case c;
    c.inputs = {source.numbers(shape, content), source.words(shape, 2)};
    // Every word but 0 keeps.
    constexpr std::uint32_t keeps[] = {1, 2, 0x80000000, 0x3F800000, 0xFFFFFFFF};
    for (std::size_t i = 0; i < c.inputs[1].encodings.size(); ++i) {
      c.inputs[1].encodings[i] *= keeps[i % std::size(keeps)];
    }
    c.incoming = {source.numbers(shape, content)};
    // In binary32 a NaN with a payload comes in, which no result may show.
    if (content == layer_content::weighted && source.is_binary32()) {
      for (tensor* t : {&c.inputs[0], &c.incoming[0]}) {
        if (!t->encodings.empty()) t->encodings.front() = source.payload_nan;
      }
      if (!c.inputs[1].encodings.empty()) c.inputs[1].encodings.front() = 1;
    }
    // The default is left out, so that it is judged as a default.
    if (rate != 0.1) c.attributes = {{"p", rate}};
    source.add(std::move(c));
  };
  const auto add = [&](layer_content content, const std::vector<std::int64_t>& shape) {
    add_with(rates[next++ % std::size(rates)], content, shape);
  };
  for (const layer_content content : all_layer_contents) add(content, shapes[next % std::size(shapes)]);
  add(layer_content::ordinary, {2, 150});  // more than a block of 256 threads
  add_with(0.95, layer_content::spread, {3, 7});
  add_with(-0.0, layer_content::ordinary, {3, 7});
  add_with(1 - 0x1p-30, layer_content::ordinary, {3, 7});
  source.add_long([&](std::int64_t count) {
    layer_case c;
    c.inputs = {source.numbers({count}, layer_content::ordinary), source.words({count}, 2)};
    c.incoming = {source.numbers({count}, layer_content::ordinary)};
    return c;
  });
  // Subnormal operands whose derivative is ordinary.
  layer_case small;
  small.inputs = {source.numbers({4, 11}, layer_content::tiny), source.words({4, 11}, 2)};
  small.incoming = {source.numbers({4, 11}, layer_content::ordinary)};
  small.attributes = {{"p", 0.6}};
  source.add(std::move(small));
  // A rate of 0 is a product by 1 all the same, which flushes and makes NaNs canonical.
  for (const layer_content content : {layer_content::weighted, layer_content::tiny}) add_with(0, content, {4, 11});
}

}  // namespace pamkit::properties::layer_cases
