#pragma once

#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// Two-dimensional convolution (cross-correlation) in groups. A tap on the padding is a +0 operand
/// and takes part; the bias comes last.
struct conv2d {
  static constexpr std::string_view name = "conv2d";
  static constexpr layer_operand inputs[] = {{.name = "x", .is_differentiable = true},
                                             {.name = "weight", .is_differentiable = true},
                                             {.name = "bias", .is_differentiable = true}};
  static constexpr layer_operand outputs[] = {{.name = "y"}};
  static constexpr layer_attribute attributes[] = {
      {.name = "stride", .otherwise = 1, .meaning = "of both axes"},
      {.name = "padding", .otherwise = 0, .meaning = "rows and columns of +0 on every side"},
      {.name = "dilation", .otherwise = 1, .meaning = "distance of taps"},
      {.name = "groups", .otherwise = 1, .meaning = "channels and outputs split into so many"}};
  template <class A>
  static constexpr bool is_defined = true;

  /// Terms in the order input channel, kernel row, kernel column.
  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const geometry g(c);
    tensor y = tensor_of_shape({g.images, g.outputs, g.out_height, g.out_width});
    auto next = y.encodings.begin();
    for (std::int64_t n = 0; n < g.images; ++n) {
      for (std::int64_t o = 0; o < g.outputs; ++o) {
        for (std::int64_t i = 0; i < g.out_height * g.out_width; ++i) {
          detail::word sum = detail::kZero;
          g.for_each_tap([&](std::int64_t channel, std::int64_t kh, std::int64_t kw) {
            sum = detail::add(sum, A::mul(c.rules, g.input(n, o, channel, kh, kw, i),
                                          g.weight(o, channel, kh, kw)));
          });
          if (g.has_bias)
            sum = detail::add(sum, {c.inputs[2].encodings[static_cast<std::size_t>(o)]});
          *next++ = sum.bits;
        }
      }
    }
    return {std::move(y)};
  }

  template <class A>
  requires requires { A::has_derivative(derivative::approx); }
  static std::vector<tensor> vjp(const layer_call& c) {
    const geometry g(c);
    const std::int64_t y_shape[] = {g.images, g.outputs, g.out_height, g.out_width};
    require_shape(c, "d_y", c.inputs[3], y_shape);
    return {input_derivative<A>(c, g), weight_derivative<A>(c, g), bias_derivative(c, g)};
  }

  /// Sizes of a call, checked.
  struct geometry {
    const tensor& x;
    const tensor& w;
    std::int64_t stride, padding, dilation, groups;
    std::int64_t images, channels, height, width;
    std::int64_t outputs, group_channels, kernel_height, kernel_width;
    std::int64_t out_height = 0;
    std::int64_t out_width = 0;
    bool has_bias = false;

    explicit geometry(const layer_call& c)
        : x(c.inputs[0]),
          w(c.inputs[1]),
          stride(c.count("stride", 1)),
          padding(c.count("padding", 0)),
          dilation(c.count("dilation", 1)),
          groups(c.count("groups", 1)) {
      c.require(x.shape.size() == 4, "x needs four axes: images, channels, height, width");
      c.require(w.shape.size() == 4,
                "weight needs four axes: outputs, channels of a group, height, width");
      images = x.shape[0];
      channels = x.shape[1];
      height = x.shape[2];
      width = x.shape[3];
      outputs = w.shape[0];
      group_channels = w.shape[1];
      kernel_height = w.shape[2];
      kernel_width = w.shape[3];
      c.require(channels == group_channels * groups && outputs % groups == 0,
                "channels " + std::to_string(channels) + " and outputs " + std::to_string(outputs) +
                    " do not split into " + std::to_string(groups) + " groups of " +
                    std::to_string(group_channels) + " channels");
      c.require(kernel_height > 0 && kernel_width > 0, "an empty kernel");
      out_height = places(c, height, kernel_height);
      out_width = places(c, width, kernel_width);
      has_bias = c.inputs[2].shape != std::vector<std::int64_t>{0};
      const std::int64_t parameters[] = {outputs};
      if (has_bias) require_shape(c, "bias", c.inputs[2], parameters);
    }

    std::int64_t places(const layer_call& c, std::int64_t size, std::int64_t kernel) const {
      const std::int64_t room = size + 2 * padding - dilation * (kernel - 1) - 1;
      c.require(room >= 0, "the kernel is larger than the padded image");
      return room / stride + 1;
    }

    std::int64_t first_channel(std::int64_t output) const {
      return output / (outputs / groups) * group_channels;
    }

    template <class Function>
    void for_each_tap(const Function& f) const {
      for (std::int64_t channel = 0; channel < group_channels; ++channel) {
        for (std::int64_t kh = 0; kh < kernel_height; ++kh) {
          for (std::int64_t kw = 0; kw < kernel_width; ++kw) f(channel, kh, kw);
        }
      }
    }

    detail::word weight(std::int64_t o, std::int64_t channel, std::int64_t kh,
                        std::int64_t kw) const {
      return {w.encodings[static_cast<std::size_t>(
          ((o * group_channels + channel) * kernel_height + kh) * kernel_width + kw)]};
    }

    /// What tap (channel of the group, kh, kw) of output place i reads; +0 on the padding.
    detail::word input(std::int64_t n, std::int64_t o, std::int64_t channel, std::int64_t kh,
                       std::int64_t kw, std::int64_t i) const {
      const std::int64_t h = i / out_width * stride + kh * dilation - padding;
      const std::int64_t v = i % out_width * stride + kw * dilation - padding;
      if (h < 0 || h >= height || v < 0 || v >= width) return detail::kZero;
      return {x.encodings[static_cast<std::size_t>(
          ((n * channels + first_channel(o) + channel) * height + h) * width + v)]};
    }

    /// The output row (column) whose tap k lies on row (column) `at` of the image, if there is one.
    std::optional<std::int64_t> place(std::int64_t at, std::int64_t k, std::int64_t count) const {
      const std::int64_t offset = at + padding - k * dilation;
      if (offset < 0 || offset % stride != 0 || offset / stride >= count) return std::nullopt;
      return offset / stride;
    }

    detail::word derivative_at(const tensor& d, std::int64_t n, std::int64_t o,
                               std::int64_t i) const {
      return {
          d.encodings[static_cast<std::size_t>((n * outputs + o) * out_height * out_width + i)]};
    }
  };

  /// Rows are images, output rows, output columns, in this order.
  static tensor bias_derivative(const layer_call& c, const geometry& g) {
    tensor d_bias = tensor_of_shape(c.inputs[2].shape);
    const std::int64_t area = g.out_height * g.out_width;
    for (std::size_t o = 0; o < d_bias.encodings.size(); ++o) {
      d_bias.encodings[o] =
          detail::block_sum(g.images * area, [&](std::int64_t r) {
            return g.derivative_at(c.inputs[3], r / area, static_cast<std::int64_t>(o), r % area);
          }).bits;
    }
    return d_bias;
  }

  /// One element of the derivative towards x. Terms in the order output channel, kernel row, kernel
  /// column; there is none where no output place is.
  template <class A>
  static detail::word input_element(const layer_call& c, const geometry& g, std::int64_t n,
                                    std::int64_t channel, std::int64_t h, std::int64_t v) {
    const detail::word x{g.x.encodings[static_cast<std::size_t>(
        ((n * g.channels + channel) * g.height + h) * g.width + v)]};
    const std::int64_t group_outputs = g.outputs / g.groups;
    const std::int64_t group = channel / g.group_channels;
    detail::word sum = detail::kZero;
    for (std::int64_t o = group * group_outputs; o < (group + 1) * group_outputs; ++o) {
      for (std::int64_t kh = 0; kh < g.kernel_height; ++kh) {
        for (std::int64_t kw = 0; kw < g.kernel_width; ++kw) {
          const auto place_h = g.place(h, kh, g.out_height);
          const auto place_w = g.place(v, kw, g.out_width);
          if (!place_h || !place_w) continue;
          const detail::word d =
              g.derivative_at(c.inputs[3], n, o, *place_h * g.out_width + *place_w);
          const detail::word w = g.weight(o, channel % g.group_channels, kh, kw);
          sum = detail::add(sum, A::mul_vjp_a(c.rules, c.gradient, x, w, d));
        }
      }
    }
    return sum;
  }

 private:
  template <class A>
  static tensor input_derivative(const layer_call& c, const geometry& g) {
    tensor dx = tensor_of_shape(g.x.shape);
    std::size_t at = 0;
    for (std::int64_t n = 0; n < g.images; ++n) {
      for (std::int64_t channel = 0; channel < g.channels; ++channel) {
        for (std::int64_t h = 0; h < g.height; ++h) {
          for (std::int64_t v = 0; v < g.width; ++v, ++at) {
            dx.encodings[at] = input_element<A>(c, g, n, channel, h, v).bits;
          }
        }
      }
    }
    return dx;
  }

  /// Terms in the order image, output row, output column; taps on the padding take part.
  template <class A>
  static tensor weight_derivative(const layer_call& c, const geometry& g) {
    tensor dw = tensor_of_shape(g.w.shape);
    auto next = dw.encodings.begin();
    for (std::int64_t o = 0; o < g.outputs; ++o) {
      g.for_each_tap([&](std::int64_t channel, std::int64_t kh, std::int64_t kw) {
        const detail::word w = g.weight(o, channel, kh, kw);
        detail::word sum = detail::kZero;
        for (std::int64_t n = 0; n < g.images; ++n) {
          for (std::int64_t i = 0; i < g.out_height * g.out_width; ++i) {
            sum = detail::add(
                sum, A::mul_vjp_b(c.rules, c.gradient, g.input(n, o, channel, kh, kw, i), w,
                                  g.derivative_at(c.inputs[3], n, o, i)));
          }
        }
        *next++ = sum.bits;
      });
    }
    return dw;
  }
};

}  // namespace pamkit::layer
