#include <algorithm>

#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void layer_norm(layer_case_source& source) {
  using enum layer_content;
  struct plan {
    layer_content content;
    std::int64_t rows, length;
    layer_content parameters = ordinary;
    double eps = 1e-5;
  };
  // Gradients of gain and bias are sums over blocks of 128 rows.
  std::vector<plan> plans = {{ordinary, 3, 33},
                             {ordinary, 1, 1},
                             {ordinary, 2, 0},
                             {ordinary, 0, 3},
                             {ordinary, 2, 16, spread, 0},
                             {cancelling, 130, 2, ordinary},
                             {weighted, 6, 3, weighted},
                             {ties, 3, 8},
                             {recorded, 4, 40, recorded},
                             {tiny, 3, 5, ordinary, 0},
                             {huge, 3, 5},
                             {one_special, 9, 6},
                             {spread, 2, 40, one_special}};
  if (!source.is_quick()) {
    plans.insert(plans.end(), {{ordinary, 259, 3, spread},
                               {ordinary, 129, 1},
                               {spread, 2, 97, spread, 1e-12},
                               {weighted, 12, 2, ordinary},
                               {ordinary, 4, 64, weighted},
                               {tiny, 4, 20, tiny, 1e-30},
                               {ordinary, 4, 6, ordinary, -1},
                               // Whole blocks of rows, and rows that are longer than one.
                               {cancelling, 128, 2},
                               {ordinary, 256, 3},
                               // More than a block of rows, and of columns.
                               {ordinary, 131, 70},
                               {ordinary, 2, 300}});
  }
  for (const plan& p : plans) {
    layer_case c;
    c.inputs = {source.numbers({p.rows, p.length}, p.content),
                source.numbers({p.length}, p.parameters), source.numbers({p.length}, p.parameters)};
    c.incoming = {source.numbers({p.rows, p.length}, p.content == ties ? ordinary : p.content)};
    // The default is left out, so that it is judged as a default.
    if (p.eps != 1e-5) c.attributes = {{"eps", p.eps}};
    source.add(std::move(c));
  }
  // One row without a leading axis, rows under two leading axes, and rows of equal elements: no variance,
  // and under the root 1e-5, 0, or a subnormal that flush takes for 0.
  const std::vector<std::int64_t> shapes[] = {{5}, {2, 3, 4}, {2, 4}, {2, 4}, {2, 4}};
  for (std::size_t i = 0; i < std::size(shapes); ++i) {
    const std::int64_t length = shapes[i].back();
    layer_case c;
    c.inputs = {source.numbers(shapes[i], ordinary), source.numbers({length}, ordinary),
                source.numbers({length}, ordinary)};
    c.incoming = {source.numbers(shapes[i], ordinary)};
    if (i >= 2) std::ranges::fill(c.inputs[0].encodings, c.inputs[0].encodings[0]);
    if (i == 3) c.attributes = {{"eps", 0}};
    if (i == 4) c.attributes = {{"eps", 1e-40}};
    source.add(std::move(c));
  }
  // Ordinary numbers but for what is changed of x, gain, bias and the incoming derivative.
  const auto add_changed = [&](const auto& change) {
    layer_case c;
    c.inputs = {source.between({2, 40}, -1, 1), source.between({40}, 0, 2), source.between({40}, -1, 1)};
    c.incoming = {source.between({2, 40}, -1, 1)};
    change(c.inputs[0].encodings, c.inputs[1].encodings, c.inputs[2].encodings, c.incoming[0]);
    source.add(std::move(c));
  };
  // Elements that are the mean; a row of equal ones without biases.
  const auto set_around_mean = [&](std::vector<std::uint32_t>& x, std::uint32_t distance) {
    for (std::size_t j = 0; j < x.size(); ++j) {
      const bool is_mean = j % 3 == 0 || j % 40 == 39;
      x[j] = is_mean ? 0 : j % 3 == 1 ? distance : distance ^ source.negative_zero();
    }
  };
  add_changed([&](auto& x, auto&, auto&, tensor&) { set_around_mean(x, x[1]); });
  add_changed([&](auto& x, auto&, auto& bias, tensor&) {
    std::ranges::fill(bias, 0);
    std::ranges::fill(x, x[0]);
  });
  add_changed([&](auto&, auto& gain, auto&, tensor&) { gain[3] = source.infinity(); });
  // Among incoming derivatives that are tiny one that meets a gain of 0, and one that is 0.
  add_changed([&](auto&, auto& gain, auto& bias, tensor& d) {
    gain[3] = bias[3] = 0;
    d = source.between({2, 40}, -110, -108);
    d.encodings[3] = source.between({1}, 2, 2).encodings[0];
  });
  add_changed([&](auto&, auto&, auto&, tensor& d) {
    d = source.between({2, 40}, -110, -108);
    d.encodings[3] = 0;
  });
  // A gain, and an incoming derivative, that is subnormal, under a quotient that takes what it gives past the least
  // normal number; an element that is off the mean by a subnormal number. Each alone among ordinary numbers.
  const auto set_alternating = [&](std::vector<std::uint32_t>& x, std::uint32_t distance) {
    for (std::size_t j = 0; j < x.size(); ++j) x[j] = j % 2 == 0 ? distance : distance ^ source.negative_zero();
  };
  const auto set_quotient = [&](std::vector<std::uint32_t>& x) {
    set_alternating(x, source.two_to(0));
    for (const std::size_t row : {0U, 40U}) {
      x[row + 4] = source.two_to(1);
      x[row + 5] = source.two_to(1) ^ source.negative_zero();
    }
  };
  add_changed([&](auto& x, auto& gain, auto& bias, tensor&) {
    set_quotient(x);
    gain[4] = source.greatest_subnormal();
    bias[4] = 0;
  });
  add_changed([&](auto& x, auto& gain, auto&, tensor& d) {
    set_quotient(x);
    gain[4] = source.two_to(1);
    d.encodings[4] = d.encodings[44] = source.greatest_subnormal();
  });
  add_changed([&](auto& x, auto&, auto& bias, tensor&) {
    set_alternating(x, source.two_to(-110));
    std::ranges::fill(bias, 0);
    for (const std::size_t row : {0U, 40U}) {
      x[row + 4] = source.least_subnormal();
      x[row + 5] = source.least_subnormal() | source.negative_zero();
    }
  });
  // Elements that are the mean, with small derivatives, beside ones with large derivatives that cancel in the mean's.
  add_changed([&](auto& x, auto& gain, auto&, tensor& d) {
    set_around_mean(x, source.two_to(0));
    std::ranges::fill(gain, source.two_to(1));
    for (std::size_t j = 0; j < x.size(); ++j) {
      d.encodings[j] = source.magnitude(x[j]) == 0 ? source.two_to(-110) : x[j] ^ source.two_to(0) ^ source.two_to(6);
    }
  });
  source.add_long([&](std::int64_t rows) {
    layer_case c;
    c.inputs = {source.numbers({rows, 2}, ordinary), source.numbers({2}, ordinary), source.numbers({2}, ordinary)};
    c.incoming = {source.numbers({rows, 2}, ordinary)};
    return c;
  });
  source.add_long([&](std::int64_t length) {
    layer_case c;
    c.inputs = {source.numbers({1, length}, ordinary), source.numbers({length}, ordinary),
                source.numbers({length}, ordinary)};
    c.incoming = {source.numbers({1, length}, ordinary)};
    return c;
  });
  // In binary32, a bias with a payload beside ordinary numbers, and a long row.
  if (source.is_binary32() && !source.is_quick()) {
    for (const std::int64_t length : {40, 1030}) {
      layer_case c;
      c.inputs = {source.numbers({2, length}, ordinary), source.numbers({length}, ordinary),
                  source.numbers({length}, ordinary)};
      c.inputs[2].encodings[3] = source.payload_nan;
      c.incoming = {source.numbers({2, length}, ordinary)};
      source.add(std::move(c));
    }
  }
  // In binary32, quotients of normal numbers by about 2^60 whose slopes in it are below 2^-126.
  if (!source.is_binary32()) return;
  layer_case c;
  c.inputs = {source.between({2, 40}, -12, -9), source.between({40}, -1, 0), source.between({40}, -1, 0)};
  for (std::size_t row = 0; row < 80; row += 40) {
    c.inputs[0].encodings[row] = 0x5E800000;
    c.inputs[0].encodings[row + 1] = 0xDE800000;
  }
  c.incoming = {source.between({2, 40}, -6, -4)};
  // In the second row two huge ones, whose sum is 0, meet quotients that vanish, and no others.
  c.inputs[1].encodings[6] = c.inputs[1].encodings[5];
  std::ranges::fill(c.incoming[0].encodings.begin() + 40, c.incoming[0].encodings.end(), 0);
  c.incoming[0].encodings[45] = 0x7B800000;
  c.incoming[0].encodings[46] = 0xFB800000;
  source.add(std::move(c));
}

}  // namespace pamkit::properties::layer_cases
