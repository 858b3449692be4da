#pragma once

#include <algorithm>
#include <bit>
#include <numeric>

#include "arrangement.hpp"
#include "pamkit/detail/float_environment.hpp"
#include "layer_instantiation.hpp"
#include "pamkit/detail/layer_contraction.hpp"
#include "pamkit/layer/conv2d.hpp"

namespace pamkit::simd {

/// layer::conv2d and its derivative as matrix products over taps, which are read while they are
/// packed. `Kernels` is one of simd::arith. Geometry, errors and the bias' derivative are the
/// definition's, and so is what the kernels do not cover: an axis of length 0, and elements of the
/// derivative towards the input in which a missing term would not be a zero.
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
    if (s.is_empty(g)) return definition::vjp<A>(c);
    const std::int64_t y_shape[] = {g.images, g.outputs, g.out_height, g.out_width};
    require_shape(c, "d_y", c.inputs[3], y_shape);
    const std::vector<float> x = detail::as_floats(g.x.encodings);
    const std::vector<float> w = detail::as_floats(g.w.encodings);
    const std::vector<float> d = detail::as_floats(c.inputs[3].encodings);
    return {encoded(g.x.shape, input_derivative<A>(c, g, s, x, w, d)),
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
      t.origin_row = -g.padding;
      t.origin_column = -g.padding;
      return t;
    }
  };

  static tensor encoded(std::vector<std::int64_t> shape, floats_in values) {
    tensor t = tensor_of_shape(std::move(shape));
    std::ranges::transform(values, t.encodings.begin(),
                           [](float x) { return std::bit_cast<std::uint32_t>(x); });
    return t;
  }

  /// Positions of one axis of the image that are equal modulo the stride, and the taps that reach
  /// them: those from `tap` on that lie stride / gcd(stride, dilation) apart, in ascending order.
  /// The i-th one at position first + q * stride is that of output place
  /// q + origin - i * dilation / gcd(stride, dilation): no spread of the places, no division.
  struct residue {
    std::int64_t first = 0;
    std::int64_t count = 0;  ///< positions; those behind the last one that a tap reaches left out
    std::int64_t tap = 0;
    std::int64_t taps = 0;
    std::int64_t origin = 0;

    bool reads_places_of(const residue& r) const {
      return count == r.count && taps == r.taps && origin == r.origin;
    }
  };
  /// Residues that read the same places with their taps: rows of one matrix product.
  using residue_class = std::vector<residue>;

  struct axis_residues {
    std::int64_t tap_distance;
    std::int64_t place_distance;
    std::vector<residue_class> classes;

    axis_residues(const definition::geometry& g, std::int64_t size, std::int64_t kernel,
                  std::int64_t places)
        : tap_distance(g.stride / std::gcd(g.stride, g.dilation)),
          place_distance(g.dilation / std::gcd(g.stride, g.dilation)) {
      for (std::int64_t first = 0; first < std::min(g.stride, size); ++first) {
        // Of so many taps no two are equal modulo the stride.
        for (std::int64_t tap = 0; tap < std::min(kernel, tap_distance); ++tap) {
          const std::int64_t offset = first + g.padding - tap * g.dilation;
          if (offset % g.stride != 0) continue;
          residue r{.first = first, .tap = tap, .origin = offset / g.stride};
          r.taps = (kernel - tap + tap_distance - 1) / tap_distance;
          const std::int64_t least_origin = r.origin - (r.taps - 1) * place_distance;
          r.count = std::min((size - first + g.stride - 1) / g.stride, places - least_origin);
          if (r.count > 0) add(r);
          break;
        }
      }
    }

   private:
    void add(const residue& r) {
      const auto like = std::ranges::find_if(
          classes, [&](const residue_class& c) { return c.front().reads_places_of(r); });
      if (like != classes.end()) {
        like->push_back(r);
      } else {
        classes.push_back({r});
      }
    }
  };

  /// The elements of the image that one product of matrices has the derivatives of: its rows are
  /// pairs of residues and, of each, the channels of a group; its columns positions.
  struct lattice {
    const definition::geometry& g;
    const residue_class& rows;
    const residue_class& columns;

    std::int64_t positions() const { return rows.front().count * columns.front().count; }
    std::int64_t matrix_rows() const {
      return static_cast<std::int64_t>(rows.size() * columns.size()) * g.group_channels;
    }
    std::int64_t terms() const {
      return g.outputs / g.groups * rows.front().taps * columns.front().taps;
    }

    /// Calls visit(row, column) for every pair of residues and then channel, in order.
    template <class Visit>
    void for_each_row(const Visit& visit) const {
      for (const residue& row : rows) {
        for (const residue& column : columns) {
          for (std::int64_t channel = 0; channel < g.group_channels; ++channel) {
            visit(row, column, channel);
          }
        }
      }
    }

    /// The weights of a group as a matrix of these rows; terms in the order output channel, kernel
    /// row, kernel column.
    void gather_weights(const float* w, std::int64_t tap_distance, std::vector<float>& to) const {
      to.clear();
      const std::int64_t kernel = g.kernel_height * g.kernel_width;
      for_each_row([&](const residue& row, const residue& column, std::int64_t channel) {
        for (std::int64_t o = 0; o < g.outputs / g.groups; ++o) {
          const std::int64_t first_tap = (o * g.group_channels + channel) * kernel;
          const float* const taps = w + first_tap;
          for (std::int64_t i = 0; i < row.taps; ++i) {
            const float* const kernel_row = taps + (row.tap + i * tap_distance) * g.kernel_width;
            for (std::int64_t j = 0; j < column.taps; ++j) {
              to.push_back(kernel_row[column.tap + j * tap_distance]);
            }
          }
        }
      });
    }

    /// Calls visit(element of the group's image, element of the matrix).
    template <class Image, class Visit>
    void for_each_element(Image* image, std::vector<float>& matrix, const Visit& visit) const {
      float* at = matrix.data();
      for_each_row([&](const residue& row, const residue& column, std::int64_t channel) {
        for (std::int64_t q = 0; q < row.count; ++q) {
          const std::int64_t line = channel * g.height + row.first + q * g.stride;
          Image* const from = image + line * g.width + column.first;
          for (std::int64_t r = 0; r < column.count; ++r) visit(from[r * g.stride], *at++);
        }
      });
    }
  };

  /// One matrix product for each pair of classes: the places are those of the output as it is, and
  /// no term of another residue is computed.
  template <class A>
  static std::vector<float> input_derivative(const layer_call& c, const definition::geometry& g,
                                             const sizes& s, floats_in x, floats_in w,
                                             floats_in d) {
    std::vector<float> dx(x.size());
    const axis_residues rows(g, g.height, g.kernel_height, g.out_height);
    const axis_residues columns(g, g.width, g.kernel_width, g.out_width);
    for (const residue_class& row : rows.classes) {
      for (const residue_class& column : columns.classes) {
        lattice_derivative(c, s, {g, row, column}, rows, x, w, d, dx);
      }
    }
    define_edges<A>(c, g, dx);
    return dx;
  }

  static void lattice_derivative(const layer_call& c, const sizes& s, const lattice& l,
                                 const axis_residues& axis, floats_in x, floats_in w, floats_in d,
                                 std::vector<float>& dx) {
    const definition::geometry& g = l.g;
    // With stride 1 they are the whole image, which then is read and written where it lies.
    const bool is_image = g.stride == 1;
    const auto elements = static_cast<std::size_t>(l.matrix_rows() * l.positions());
    std::vector<float> weights;
    std::vector<float> own(is_image ? 0 : elements);
    std::vector<float> sums(is_image ? 0 : elements);
    image_taps taps;
    taps.height = g.out_height;
    taps.width = g.out_width;
    taps.kernel_height = l.rows.front().taps;
    taps.kernel_width = l.columns.front().taps;
    taps.place_width = l.columns.front().count;
    taps.tap_step = -axis.place_distance;
    taps.origin_row = l.rows.front().origin;
    taps.origin_column = l.columns.front().origin;
    arrangement a;
    a.rows = l.matrix_rows();
    a.columns = l.positions();
    a.terms = l.terms();
    a.right.taps = &taps;
    a.out_row = a.columns;
    a.out_column = 1;
    a.factor_on_left = true;
    for (std::int64_t group = 0; group < g.groups; ++group) {
      l.gather_weights(s.weights(w, group), axis.tap_distance, weights);
      a.left = {.data = weights.data(), .row = a.terms, .column = 1};
      for (std::int64_t image = 0; image < g.images; ++image) {
        const float* const own_image = s.image(x, g, image, group);
        float* const out_image = s.image(dx, g, image, group);
        if (!is_image) {
          l.for_each_element(own_image, own, [](const float& from, float& to) { to = from; });
        }
        taps.image = s.places(d, g, image, group);
        a.own = {.data = is_image ? own_image : own.data(), .row = a.columns, .column = 1};
        a.out = is_image ? out_image : sums.data();
        Kernels::arranged(contraction_kind::vjp_a, c.gradient, c.rules, a);
        if (!is_image) {
          l.for_each_element(out_image, sums, [](float& to, const float& from) { to = from; });
        }
      }
    }
  }

  /// What tap k of an axis is to position `at`.
  enum class reach : std::uint8_t {
    none,  ///< of another residue: no term, and none is computed
    place,
    past_edge  ///< there is no such place: no term, but the kernels have one with an incoming +0
  };
  class axis_reach {
   public:
    axis_reach(const definition::geometry& g, std::int64_t size, std::int64_t kernel,
               std::int64_t places)
        : kernel_(kernel) {
      for (std::int64_t at = 0; at < size; ++at) {
        bool is_edge = false;
        for (std::int64_t k = 0; k < kernel; ++k) {
          const bool is_read = (at + g.padding - k * g.dilation) % g.stride == 0;
          reach_.push_back(!is_read                 ? reach::none
                           : g.place(at, k, places) ? reach::place
                                                    : reach::past_edge);
          is_edge |= reach_.back() == reach::past_edge;
        }
        is_edge_.push_back(is_edge);
      }
    }
    reach of(std::int64_t at, std::int64_t k) const {
      return reach_[static_cast<std::size_t>(at * kernel_ + k)];
    }
    bool is_edge(std::int64_t at) const { return is_edge_[static_cast<std::size_t>(at)]; }

   private:
    std::int64_t kernel_;
    std::vector<reach> reach_;
    std::vector<bool> is_edge_;
  };

  /// Computes by the definition the elements of the derivative towards the input in which a term
  /// that the kernels have and the definition has not may be no zero. A zero changes no sum, which
  /// is never -0, and with an incoming +0 a term is one if the element of x is no NaN and the
  /// weight is below 2^125: its slope then is at most 2^126 (the carry is at most 2) and finite
  /// under every policy. The other derivatives need none of this: in them a tap on the padding is a
  /// term of the definition too.
  template <class A>
  static void define_edges(const layer_call& c, const definition::geometry& g,
                           std::vector<float>& dx) {
    const axis_reach rows(g, g.height, g.kernel_height, g.out_height);
    const axis_reach columns(g, g.width, g.kernel_width, g.out_width);
    std::vector<std::pair<std::int64_t, std::int64_t>> edges;
    for (std::int64_t h = 0; h < g.height; ++h) {
      for (std::int64_t v = 0; v < g.width; ++v) {
        if (rows.is_edge(h) || columns.is_edge(v)) edges.emplace_back(h, v);
      }
    }
    for (std::int64_t channel = 0; channel < g.channels && !edges.empty(); ++channel) {
      const std::vector<bool> large = large_taps(g, channel);
      const bool has_large = std::ranges::find(large, true) != large.end();
      const auto is_computed_otherwise = [&](std::int64_t h, std::int64_t v, bool is_any) {
        std::size_t tap = 0;
        for (std::int64_t kh = 0; kh < g.kernel_height; ++kh) {
          for (std::int64_t kw = 0; kw < g.kernel_width; ++kw, ++tap) {
            const reach row = rows.of(h, kh);
            const reach column = columns.of(v, kw);
            const bool is_read = row != reach::none && column != reach::none;
            const bool is_missing = row == reach::past_edge || column == reach::past_edge;
            if (is_read && is_missing && (is_any || large[tap])) return true;
          }
        }
        return false;
      };
      for (std::int64_t n = 0; n < g.images; ++n) {
        const std::int64_t plane = (n * g.channels + channel) * g.height * g.width;
        for (const auto& [h, v] : edges) {
          const auto at = static_cast<std::size_t>(plane + h * g.width + v);
          const bool is_nan = (g.x.encodings[at] & 0x7fffffffU) > top_binade<binary32>;
          if ((is_nan || has_large) && is_computed_otherwise(h, v, is_nan)) {
            dx[at] =
                std::bit_cast<float>(definition::input_element<A>(c, g, n, channel, h, v).bits);
          }
        }
      }
    }
  }

  /// The taps of a channel that have a weight from 2^125 on, of any output.
  static std::vector<bool> large_taps(const definition::geometry& g, std::int64_t channel) {
    constexpr std::uint32_t limit = 0x7e000000;
    const auto kernel = static_cast<std::size_t>(g.kernel_height * g.kernel_width);
    const std::int64_t group_outputs = g.outputs / g.groups;
    const std::int64_t group = channel / g.group_channels;
    std::vector<bool> large(kernel);
    for (std::int64_t o = group * group_outputs; o < (group + 1) * group_outputs; ++o) {
      const std::size_t first =
          static_cast<std::size_t>(o * g.group_channels + channel % g.group_channels) * kernel;
      for (std::size_t k = 0; k < kernel; ++k) {
        if ((g.w.encodings[first + k] & 0x7fffffffU) >= limit) large[k] = true;
      }
    }
    return large;
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
