#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void adamw_step(layer_case_source& source) {
  using enum layer_content;
  struct plan {
    layer_content content;
    layer_attributes attributes;
    std::vector<std::int64_t> shape = {3, 6};
  };
  const std::vector<plan> plans = {{ordinary, {}},
                                   {ordinary,
                                    {{"learning_rate", 5e-4},
                                     {"beta2", 0.98},
                                     {"eps", 1e-6},
                                     {"weight_decay", 1e-4},
                                     {"step", 7}}},
                                   {spread, {{"beta1", 0.5}, {"step", 1e9}}},
                                   {weighted, {{"weight_decay", 0}, {"step", 3}}},
                                   {tiny, {{"eps", 0}, {"step", 2}}},
                                   {huge, {{"learning_rate", 1}}},
                                   {one_special, {{"step", 20000}, {"beta1", 0}}},
                                   // wd lr is another number if it is a product in binary32.
                                   {ties, {{"beta2", 0.999}, {"learning_rate", 0.7}, {"weight_decay", 0.7}}},
                                   {training, {{"step", 400}, {"weight_decay", 1e-4}}},
                                   {training, {{"corrected", 1}, {"beta2", 0.98}, {"step", 12}}},
                                   {recorded, {{"step", 400}}},
                                   {spread, {{"corrected", 1}, {"beta1", 0.5}, {"step", 3}}},
                                   {ordinary, {{"beta2", 0}, {"step", 5}}, {}},
                                   {ordinary, {}, {0, 2}},
                                   {ordinary, {}, {2, 150}},  // more than a block of 256 threads
                                   // Nothing decays, in numbers that kernels take the short way for.
                                   {ordinary, {{"weight_decay", 0}, {"step", 2}}, {2, 40}},
                                   {ordinary, {{"corrected", 1}, {"beta1", 1}, {"beta2", 1}, {"step", 2}}},
                                   {ordinary, {{"learning_rate", 0}, {"step", 2}}},
                                   // Corrections that have nearly ended, a step that binary32 does not hold, growth.
                                   {ordinary, {{"step", 12345}}},
                                   {ordinary, {{"beta1", 1}, {"beta2", 1}, {"corrected", 1}, {"step", 16777217}}},
                                   {ordinary, {{"weight_decay", -0.5}, {"step", 2}}},
                                   {ordinary, {{"learning_rate", -1e-3}, {"step", 2}}},
                                   // More than one block of vectors of anything.
                                   {weighted, {{"step", 2}}, {2, 150}},
                                   {one_special, {{"step", 2}}, {60, 3}}};
  for (const plan& p : plans) {
    layer_case c;
    const std::vector<std::int64_t> shape = p.shape;
    c.inputs = {source.numbers(shape, p.content), source.numbers(shape, p.content),
                source.numbers(shape, p.content), source.numbers(shape, p.content)};
    // The second moment is a sum of squares: not negative, in most cases.
    if (p.content != weighted) {
      for (std::uint32_t& x : c.inputs[3].encodings) x = source.magnitude(x);
    }
    c.attributes = p.attributes;
    source.add(std::move(c));
  }
  // An infinite second moment, and one that is 0 under a direction that is not, whatever the rate, among ordinary
  // numbers; a first moment that the gradient cancels, beside a small root and a small parameter.
  for (int i = 0; i < 7; ++i) {
    layer_case c;
    for (int k = 0; k < 4; ++k) c.inputs.push_back(source.between({2, 40}, -2, 2));
    std::vector<std::uint32_t>& second = c.inputs[3].encodings;
    for (std::uint32_t& x : second) x = source.magnitude(x);
    c.attributes = {{"step", 2}};
    if (i == 0) second[5] = second[70] = source.infinity();
    if (i == 1) {
      c.attributes = {{"step", 2}, {"beta2", 1}, {"eps", 0}, {"learning_rate", 0}};
      second[5] = second[70] = 0;
    }
    if (i == 2) {
      c.attributes = {{"step", 2}, {"beta1", 0.5}, {"beta2", 0.5}, {"eps", 1e-30}};
      c.inputs = {source.between({2, 40}, -105, -97), source.between({2, 40}, -59, -57), {},
                  source.between({2, 40}, -121, -118)};
      c.inputs[2] = c.inputs[1];
      for (std::uint32_t& x : c.inputs[3].encodings) x = source.magnitude(x);
      for (std::uint32_t& x : c.inputs[2].encodings) x ^= source.negative_zero();
    }
    // Infinite parameters and first moments; a decay of 0 makes a NaN canonical; a tiny second moment that stays.
    if (i == 3) c.inputs[0].encodings[5] = source.infinity();
    if (i == 4) c.inputs[2].encodings[5] = source.infinity();
    if (i == 5) {
      c.attributes = {{"step", 2}, {"weight_decay", 0}};
      c.inputs[0].encodings[5] = source.full_fraction(0) == 0x7FFFFF ? 0xFFC00001 : source.nan();
      c.inputs[0].encodings[70] = source.infinity();
    }
    if (i == 6) {
      c.attributes = {{"step", 2}, {"beta2", 1}, {"corrected", 1}};
      c.inputs[1] = source.between({2, 40}, 1, 3);
      c.inputs[3] = source.between({2, 40}, -121, -118);
      for (std::uint32_t& x : c.inputs[3].encodings) x = source.magnitude(x);
    }
    source.add(std::move(c));
  }
  // Scalars of 0, and an infinite one, beside an operand whose sum with them looks like that of a normal product.
  struct edge {
    layer_attributes attributes;
    std::size_t input;
    std::int64_t low, high;
  };
  const std::int64_t last = source.bias();
  const edge edges[] = {{{{"beta1", 0}, {"step", 2}}, 2, last - 6, last - 1},
                        {{{"beta2", 0}, {"step", 2}}, 3, last - 6, last - 1},
                        {{{"learning_rate", 0}, {"step", 2}}, 2, last - 6, last - 1},
                        {{{"learning_rate", 1e10}, {"weight_decay", 1e30}, {"step", 2}}, 0, -6, -1}};
  for (const edge& e : edges) {
    layer_case c;
    for (int i = 0; i < 4; ++i) c.inputs.push_back(source.between({2, 20}, -2, 2));
    c.inputs[e.input] = source.between({2, 20}, e.low, e.high);
    for (std::uint32_t& x : c.inputs[3].encodings) x = source.magnitude(x);
    c.attributes = e.attributes;
    source.add(std::move(c));
  }
}

}  // namespace pamkit::properties::layer_cases
