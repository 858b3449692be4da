#pragma once

#include "pamkit/detail/layer_contraction.hpp"
#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// x times the transposed weight, plus bias: terms in ascending index of the summed axis, the bias
/// last. Leading axes of x are rows, row-major.
template <class Parts>
struct linear_of {
  static constexpr std::string_view name = "linear";
  static constexpr layer_operand inputs[] = {{.name = "x", .is_differentiable = true},
                                             {.name = "weight", .is_differentiable = true},
                                             {.name = "bias", .is_differentiable = true}};
  static constexpr layer_operand outputs[] = {{.name = "y"}};
  static constexpr std::array<layer_attribute, 0> attributes{};
  template <class A>
  static constexpr bool is_defined = true;

  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const problem p(c);
    tensor y{p.y_shape, Parts::template contract<A>(c, contraction_kind::product, p.sizes)};
    if (!p.has_bias) return {std::move(y)};
    for (std::size_t i = 0; i < y.encodings.size(); ++i) {
      const detail::word bias{c.inputs[2].encodings[i % static_cast<std::size_t>(p.sizes.n)]};
      y.encodings[i] = detail::add({y.encodings[i]}, bias).bits;
    }
    return {std::move(y)};
  }

  /// The bias sums over blocks of 128 rows.
  template <class A>
  requires requires { A::has_derivative(derivative::approx); }
  static std::vector<tensor> vjp(const layer_call& c) {
    problem p(c);
    const tensor& d = c.inputs[3];
    require_shape(c, "d_y", d, p.y_shape);
    const std::vector<float> d_values = detail::as_floats(d.encodings);
    p.sizes.d = {.data = d_values.data(), .row_stride = p.sizes.n};
    tensor dx{c.inputs[0].shape, Parts::template contract<A>(c, contraction_kind::vjp_a, p.sizes)};
    // Towards the transposed weight: [K, N].
    const auto transposed = Parts::template contract<A>(c, contraction_kind::vjp_b, p.sizes);
    tensor d_weight = tensor_of_shape(c.inputs[1].shape);
    for (std::int64_t n = 0; n < p.sizes.n; ++n) {
      for (std::int64_t k = 0; k < p.sizes.k; ++k) {
        d_weight.encodings[static_cast<std::size_t>(n * p.sizes.k + k)] =
            transposed[static_cast<std::size_t>(k * p.sizes.n + n)];
      }
    }
    tensor d_bias = tensor_of_shape(c.inputs[2].shape);
    for (std::size_t n = 0; n < d_bias.encodings.size(); ++n) {
      d_bias.encodings[n] = detail::block_sum(p.sizes.m, [&](std::int64_t r) {
                              return detail::word{row(d, p.sizes.n, r)[n]};
                            }).bits;
    }
    return {std::move(dx), std::move(d_weight), std::move(d_bias)};
  }

 protected:
  /// x [M, K] times the weight [N, K] read as [K, N].
  struct problem {
    std::vector<float> x;
    std::vector<float> weight;
    std::vector<std::int64_t> y_shape;
    contraction_problem sizes;
    bool has_bias = false;

    explicit problem(const layer_call& c)
        : x(detail::as_floats(c.inputs[0].encodings)),
          weight(detail::as_floats(c.inputs[1].encodings)),
          y_shape(c.inputs[0].shape) {
      const row_layout l = rows_of(c, c.inputs[0]);
      const tensor& w = c.inputs[1];
      c.require(w.shape.size() == 2 && w.shape[1] == l.length,
                "weight has shape " + text_of_shape(w.shape) + ", needs [N, " +
                    std::to_string(l.length) + "]");
      sizes.m = l.rows;
      sizes.k = l.length;
      sizes.n = w.shape[0];
      sizes.a = {.data = x.data(), .row_stride = sizes.k};
      sizes.b = {.data = weight.data(), .row_stride = 1, .column_stride = sizes.k};
      y_shape.back() = sizes.n;
      has_bias = c.inputs[2].shape != std::vector<std::int64_t>{0} || sizes.n == 0;
      if (has_bias)
        require_shape(c, "bias", c.inputs[2], y_shape.empty() ? y_shape : std::vector{sizes.n});
    }
  };
};

struct linear : linear_of<detail::defined_parts> {};

}  // namespace pamkit::layer
