#pragma once

#include <algorithm>
#include <bit>

#include "arrangement.hpp"
#include "pamkit/detail/float_environment.hpp"
#include "layer_instantiation.hpp"
#include "pamkit/detail/layer_contraction.hpp"
#include "pamkit/layer/conv2d.hpp"

namespace pamkit::simd {

/// layer::conv2d and its derivative as matrix products over taps, which are read while they are
/// packed. `Kernels` is one of simd::arith. Geometry, errors and the bias' derivative are the
/// definition's, and so is what the kernels do not cover: an axis of length 0, and derivatives
/// towards the input in which a factor is so large that a term of +0 would not be a zero.
template <class Kernels>
struct convolution {
  using definition = layer::conv2d;
  static constexpr std::string_view name = definition::name;
  static constexpr auto& inputs = definition::inputs;
  static constexpr auto& outputs = definition::outputs;
  static constexpr auto& attributes = definition::attributes;

  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const detail::default_float_environment environment;
    const definition::geometry g(c);
    const sizes s(g);
    if (s.is_empty(g)) return definition::forward<A>(c);
    const std::vector<float> x = detail::as_floats(g.x.encodings);
    const std::vector<float> w = detail::as_floats(g.w.encodings);
    std::vector<float> y(static_cast<std::size_t>(g.images * g.outputs * s.area));
    s.for_each_group(g, [&](std::int64_t image, std::int64_t group) {
      const image_taps taps = s.taps_of_image(g, s.image(x, g, image, group));
      arrangement a;
      a.rows = s.group_outputs;
      a.columns = s.area;
      a.terms = s.taps;
      a.left = {.data = s.weights(w, group), .row = s.taps, .column = 1};
      a.right.taps = &taps;
      a.out = s.places(y, g, image, group);
      a.out_row = s.area;
      a.out_column = 1;
      a.factor_on_left = true;
      Kernels::arranged(contraction_kind::product, c.gradient, c.rules, a);
    });
    tensor result = tensor_of_shape({g.images, g.outputs, g.out_height, g.out_width});
    const auto area = static_cast<std::size_t>(s.area);
    const auto planes = static_cast<std::size_t>(g.images * g.outputs);
    for (std::size_t plane = 0; plane < planes; ++plane) {
      const std::size_t output = plane % static_cast<std::size_t>(g.outputs);
      const detail::word bias{g.has_bias ? c.inputs[2].encodings[output] : 0};
      for (std::size_t i = plane * area; i < (plane + 1) * area; ++i) {
        const detail::word sum{std::bit_cast<std::uint32_t>(y[i])};
        result.encodings[i] = g.has_bias ? detail::add(sum, bias).bits : sum.bits;
      }
    }
    return {std::move(result)};
  }

  template <class A>
  requires requires { A::has_derivative(derivative::approx); }
  static std::vector<tensor> vjp(const layer_call& c) {
    const detail::default_float_environment environment;
    const definition::geometry g(c);
    const sizes s(g);
    if (s.is_empty(g) || !ignores_missing_terms(g)) return definition::vjp<A>(c);
    const std::int64_t y_shape[] = {g.images, g.outputs, g.out_height, g.out_width};
    require_shape(c, "d_y", c.inputs[3], y_shape);
    const std::vector<float> x = detail::as_floats(g.x.encodings);
    const std::vector<float> w = detail::as_floats(g.w.encodings);
    const std::vector<float> d = detail::as_floats(c.inputs[3].encodings);
    return {encoded(g.x.shape, input_derivative(c, g, s, x, w, d)),
            encoded(g.w.shape, weight_derivative(c, g, s, x, w, d)),
            definition::bias_derivative(c, g)};
  }

 private:
  using floats_in = const std::vector<float>&;

  struct sizes {
    std::int64_t area, image_area, kernel, group_outputs, taps;

    explicit sizes(const definition::geometry& g)
        : area(g.out_height * g.out_width),
          image_area(g.height * g.width),
          kernel(g.kernel_height * g.kernel_width),
          group_outputs(g.outputs / g.groups),
          taps(g.group_channels * kernel) {}

    bool is_empty(const definition::geometry& g) const {
      return g.images == 0 || image_area == 0 || group_outputs == 0 || taps == 0;
    }
    template <class Visit>
    void for_each_group(const definition::geometry& g, const Visit& visit) const {
      for (std::int64_t image = 0; image < g.images; ++image) {
        for (std::int64_t group = 0; group < g.groups; ++group) visit(image, group);
      }
    }
    template <class Values>
    auto* image(Values& x, const definition::geometry& g, std::int64_t n,
                std::int64_t group) const {
      return x.data() + (n * g.channels + group * g.group_channels) * image_area;
    }
    template <class Values>
    auto* places(Values& y, const definition::geometry& g, std::int64_t n,
                 std::int64_t group) const {
      return y.data() + (n * g.outputs + group * group_outputs) * area;
    }
    template <class Values>
    auto* weights(Values& w, std::int64_t group) const {
      return w.data() + group * group_outputs * taps;
    }
    image_taps taps_of_image(const definition::geometry& g, const float* image) const {
      image_taps t;
      t.image = image;
      t.height = g.height;
      t.width = g.width;
      t.kernel_height = g.kernel_height;
      t.kernel_width = g.kernel_width;
      t.place_width = g.out_width;
      t.place_step = g.stride;
      t.tap_step = g.dilation;
      t.origin = -g.padding;
      return t;
    }
  };

  /// The derivative towards the input has no term where no output place is; the kernels have one
  /// with an incoming +0. It changes no sum (which is never -0) if it is a zero: weights below
  /// 2^125 have finite slopes, whose carry is at most 2, and no operand is a NaN.
  static bool ignores_missing_terms(const definition::geometry& g) {
    constexpr std::int32_t large = 0x7e000000;
    const auto all_below = [](const tensor& t, std::int32_t limit) {
      return std::ranges::all_of(t.encodings, [&](std::uint32_t e) {
        return static_cast<std::int32_t>(e & 0x7fffffffU) < limit;
      });
    };
    return all_below(g.w, large) && all_below(g.x, top_binade<binary32> + 1);
  }

  static tensor encoded(std::vector<std::int64_t> shape, floats_in values) {
    tensor t = tensor_of_shape(std::move(shape));
    std::ranges::transform(values, t.encodings.begin(),
                           [](float x) { return std::bit_cast<std::uint32_t>(x); });
    return t;
  }

  static std::vector<float> input_derivative(const layer_call& c, const definition::geometry& g,
                                             const sizes& s, floats_in x, floats_in w,
                                             floats_in d) {
    std::vector<float> dx(x.size());
    const std::int64_t terms = s.group_outputs * s.kernel;
    std::vector<float> transposed(w.size());  // [group, channel, output, kernel]
    for (std::int64_t o = 0; o < g.outputs; ++o) {
      for (std::int64_t channel = 0; channel < g.group_channels; ++channel) {
        const std::int64_t to = o / s.group_outputs * s.group_outputs * s.taps + channel * terms +
                                o % s.group_outputs * s.kernel;
        std::copy_n(w.begin() + (o * g.group_channels + channel) * s.kernel, s.kernel,
                    transposed.begin() + to);
      }
    }
    s.for_each_group(g, [&](std::int64_t image, std::int64_t group) {
      image_taps taps;
      taps.image = s.places(d, g, image, group);
      taps.height = g.out_height;
      taps.width = g.out_width;
      taps.kernel_height = g.kernel_height;
      taps.kernel_width = g.kernel_width;
      taps.place_width = g.width;
      taps.tap_step = -g.dilation;
      taps.origin = g.padding;
      taps.divisor = g.stride;
      arrangement a;
      a.rows = g.group_channels;
      a.columns = s.image_area;
      a.terms = terms;
      a.left = {.data = s.weights(transposed, group), .row = terms, .column = 1};
      a.right.taps = &taps;
      a.own = {.data = s.image(x, g, image, group), .row = s.image_area, .column = 1};
      a.out = s.image(dx, g, image, group);
      a.out_row = s.image_area;
      a.out_column = 1;
      a.factor_on_left = true;
      Kernels::arranged(contraction_kind::vjp_a, c.gradient, c.rules, a);
    });
    return dx;
  }

  static std::vector<float> weight_derivative(const layer_call& c, const definition::geometry& g,
                                              const sizes& s, floats_in x, floats_in w,
                                              floats_in d) {
    std::vector<float> dw(w.size());
    s.for_each_group(g, [&](std::int64_t image, std::int64_t group) {
      image_taps taps = s.taps_of_image(g, s.image(x, g, image, group));
      taps.taps_are_rows = false;
      arrangement a;
      a.rows = s.group_outputs;
      a.columns = s.taps;
      a.terms = s.area;
      a.left = {.data = s.places(d, g, image, group), .row = s.area, .column = 1};
      a.right.taps = &taps;
      a.own = {.data = s.weights(w, group), .row = s.taps, .column = 1};
      a.out = s.weights(dw, group);
      a.out_row = s.taps;
      a.out_column = 1;
      a.continues = image > 0;
      Kernels::arranged(contraction_kind::vjp_b, c.gradient, c.rules, a);
    });
    return dw;
  }
};

/// "conv2d" and "conv2d_vjp" over the kernels' arithmetic; nothing for other operations.
template <class Kernels>
layer_function find_convolution(std::string_view operation) {
  using A = typename Kernels::arithmetic;
  using layer = convolution<Kernels>;
  if (operation == "conv2d") return detail::apply_layer<A, layer, false>;
  if constexpr (requires(const layer_call& c) { layer::template vjp<A>(c); }) {
    if (operation == "conv2d_vjp") return detail::apply_layer<A, layer, true>;
  }
  return nullptr;
}

}  // namespace pamkit::simd
