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
                                   // A decay whose powers change their sign, an eps that is subtracted, and a count of -0.
                                   {ordinary, {{"beta1", -0.5}, {"step", 3}}},
                                   {ordinary, {{"eps", -1e-3}, {"corrected", -0.0}, {"step", 2}}},
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
  // Ordinary numbers but for what is changed.
  const auto add_changed = [&](const auto& change) {
    layer_case c;
    for (int k = 0; k < 4; ++k) c.inputs.push_back(source.between({2, 40}, -2, 2));
    c.attributes = {{"step", 2}};
    change(c, c.inputs);
    for (std::uint32_t& x : c.inputs[3].encodings) x = source.magnitude(x);
    source.add(std::move(c));
  };
  using operands = std::vector<tensor>;
  const auto tiny_squares = [&] { return source.between({2, 40}, -121, -118); };
  // An infinite second moment; one that is 0 under a direction that is not, whatever the rate.
  add_changed([&](layer_case&, operands& of) { of[3].encodings[5] = of[3].encodings[70] = source.infinity(); });
  add_changed([&](layer_case& c, operands& of) {
    c.attributes = {{"step", 2}, {"beta2", 1}, {"eps", 0}, {"learning_rate", 0}};
    of[3].encodings[5] = of[3].encodings[70] = 0;
  });
  // A first moment that the gradient cancels, beside a small root and a small parameter.
  add_changed([&](layer_case& c, operands& of) {
    c.attributes = {{"step", 2}, {"beta1", 0.5}, {"beta2", 0.5}, {"eps", 1e-30}};
    of[0] = source.between({2, 40}, -105, -97);
    of[1] = of[2] = source.between({2, 40}, -59, -57);
    for (std::uint32_t& x : of[2].encodings) x ^= source.negative_zero();
    of[3] = tiny_squares();
  });
  // An infinite parameter and an infinite first moment; a decay of 0 makes a NaN canonical.
  add_changed([&](layer_case&, operands& of) { of[0].encodings[5] = source.infinity(); });
  add_changed([&](layer_case&, operands& of) { of[2].encodings[5] = source.infinity(); });
  add_changed([&](layer_case& c, operands& of) {
    c.attributes = {{"step", 2}, {"weight_decay", 0}};
    of[0].encodings[5] = source.is_binary32() ? source.payload_nan : source.nan();
    of[0].encodings[70] = source.infinity();
  });
  // A gradient that leaves a unit of the first moment, which is small: less than the least normal number, beside a
  // small root. 1 - b1 is 2^-50, and b1 is 1.
  if (source.is_binary32()) {
    add_changed([&](layer_case& c, operands& of) {
      c.attributes = {{"step", 2}, {"beta1", 1 - 0x1p-50}, {"beta2", 0.5}, {"eps", 1e-30}};
      of[0] = source.between({2, 40}, -101, -99);
      of[1] = of[2] = source.between({2, 40}, -60, -58);
      for (std::uint32_t& x : of[2].encodings) x = (x - (50U << 23) + 1) ^ source.negative_zero();
      of[3] = tiny_squares();
    });
  }
  // An eps that is the root's negative, in two places.
  add_changed([&](layer_case& c, operands& of) {
    c.attributes = {{"step", 2}, {"beta2", 0.5}, {"eps", -2}};
    for (const std::size_t at : {5U, 70U}) {
      of[1].encodings[at] = source.two_to(1);
      of[3].encodings[at] = source.two_to(2);
    }
  });
  // A tiny second moment that stays.
  add_changed([&](layer_case& c, operands& of) {
    c.attributes = {{"step", 2}, {"beta2", 1}, {"corrected", 1}};
    of[1] = source.between({2, 40}, 1, 3);
    of[3] = tiny_squares();
  });
  // More elements than 16 bits count.
  source.add_long([&](std::int64_t count) {
    layer_case c;
    for (int i = 0; i < 4; ++i) c.inputs.push_back(source.between({count}, -2, 2));
    for (std::uint32_t& x : c.inputs[3].encodings) x = source.magnitude(x);
    c.attributes = {{"step", 2}};
    return c;
  });
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
