#include <algorithm>
#include <array>
#include <optional>

#include "layer_definition.hpp"

namespace pamkit::reference {
namespace {

// A convolution as a list of taps, each an input element (or the padding), a weight element and an
// output element.
struct tap {
  std::optional<std::size_t> input;  ///< nothing on the padding
  std::size_t weight = 0;
  std::size_t output = 0;
};

struct geometry {
  std::vector<std::int64_t> x, w, y;
  std::int64_t stride, padding, dilation, groups;

  explicit geometry(const layer_call& c)
      : x(c.operands[0].shape),
        w(c.operands[1].shape),
        stride(c.count("stride", 1)),
        padding(c.count("padding", 0)),
        dilation(c.count("dilation", 1)),
        groups(c.count("groups", 1)) {
    const auto places = [&](std::int64_t size, std::int64_t kernel) {
      return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
    };
    y = {x[0], w[0], places(x[2], w[2]), places(x[3], w[3])};
  }

  static std::size_t index(const std::vector<std::int64_t>& shape, std::int64_t i, std::int64_t j,
                           std::int64_t k, std::int64_t l) {
    return static_cast<std::size_t>(((i * shape[1] + j) * shape[2] + k) * shape[3] + l);
  }

  // Every tap once, in the order image, output channel, output row, output column, input channel,
  // kernel row, kernel column.
  std::vector<tap> taps() const {
    std::vector<tap> all;
    for (std::int64_t n = 0; n < y[0]; ++n) {
      for (std::int64_t o = 0; o < y[1]; ++o) {
        const std::int64_t first = o * groups / y[1] * w[1];
        for (std::int64_t i = 0; i < y[2]; ++i) {
          for (std::int64_t j = 0; j < y[3]; ++j) {
            for (std::int64_t channel = 0; channel < w[1]; ++channel) {
              for (std::int64_t r = 0; r < w[2]; ++r) {
                for (std::int64_t s = 0; s < w[3]; ++s) {
                  const std::int64_t row = i * stride - padding + r * dilation;
                  const std::int64_t column = j * stride - padding + s * dilation;
                  tap t{.input = {},
                        .weight = index(w, o, channel, r, s),
                        .output = index(y, n, o, i, j)};
                  if (row >= 0 && row < x[2] && column >= 0 && column < x[3]) {
                    t.input = index(x, n, first + channel, row, column);
                  }
                  all.push_back(t);
                }
              }
            }
          }
        }
      }
    }
    return all;
  }
};

std::uint32_t value_at(const dense& x, std::optional<std::size_t> i) {
  return i ? x.encodings[*i] : 0;
}

std::vector<dense> forward(const layer_call& c, const geometry& g) {
  const scalar_oracle mul = find("mul", c.wide.arithmetic);
  dense y{g.y, std::vector<std::uint32_t>(static_cast<std::size_t>(element_count(g.y)), 0)};
  for (const tap& t : g.taps()) {
    const std::array operands = {value_at(c.operands[0], t.input),
                                 c.operands[1].encodings[t.weight]};
    y.encodings[t.output] = add_binary32(y.encodings[t.output], mul(c.wide, operands));
  }
  const dense& bias = c.operands[2];
  if (bias.shape == std::vector<std::int64_t>{0}) return {y};
  const std::int64_t area = g.y[2] * g.y[3];
  for (std::size_t i = 0; i < y.encodings.size(); ++i) {
    const auto channel = static_cast<std::int64_t>(i) / area % g.y[1];
    y.encodings[i] =
        add_binary32(y.encodings[i], bias.encodings[static_cast<std::size_t>(channel)]);
  }
  return {y};
}

std::vector<dense> backward(const layer_call& c, const geometry& g) {
  const dense& x = c.operands[0];
  const dense& w = c.operands[1];
  const dense& d = c.operands[3];
  const scalar_oracle vjp_x = find_product_vjp(c.wide.arithmetic, c.kind, wrt::a);
  const scalar_oracle vjp_w = find_product_vjp(c.wide.arithmetic, c.kind, wrt::b);
  require(vjp_x != nullptr && vjp_w != nullptr, "conv2d_vjp", "there is no such derivative");
  const auto term = [&](scalar_oracle vjp, const tap& t) {
    const std::array operands = {d.encodings[t.output], value_at(x, t.input),
                                 w.encodings[t.weight]};
    return vjp(c.wide, operands);
  };
  // Towards the input the terms of an element come by output channel, kernel row, kernel column: as
  // weights are laid out, for one input channel. Towards the weight by image, output row, output
  // column: as outputs are.
  std::vector<tap> taps = g.taps();
  dense dx{x.shape, std::vector<std::uint32_t>(x.encodings.size(), 0)};
  std::ranges::stable_sort(taps, {}, &tap::weight);
  for (const tap& t : taps) {
    if (!t.input) continue;
    dx.encodings[*t.input] = add_binary32(dx.encodings[*t.input], term(vjp_x, t));
  }
  dense dw{w.shape, std::vector<std::uint32_t>(w.encodings.size(), 0)};
  std::ranges::stable_sort(taps, {}, &tap::output);
  for (const tap& t : taps) {
    dw.encodings[t.weight] = add_binary32(dw.encodings[t.weight], term(vjp_w, t));
  }
  dense db{c.operands[2].shape, {}};
  const std::int64_t area = g.y[2] * g.y[3];
  for (std::size_t o = 0; o < c.operands[2].encodings.size(); ++o) {
    std::vector<std::uint32_t> column;
    for (std::size_t i = 0; i < d.encodings.size(); ++i) {
      if (static_cast<std::int64_t>(i) / area % g.y[1] == static_cast<std::int64_t>(o)) {
        column.push_back(d.encodings[i]);
      }
    }
    db.encodings.push_back(sum_in_blocks(column));
  }
  return {dx, dw, db};
}

std::vector<dense> compute(const layer_call& c) {
  const geometry g(c);
  return c.is_vjp ? backward(c, g) : forward(c, g);
}

}  // namespace

namespace layer {
extern const layer_definition conv2d{.name = "conv2d",
                                     .integers = {},
                                     .has_vjp = true,
                                     .needs_functions = false,
                                     .compute = compute};
}  // namespace layer

}  // namespace pamkit::reference
