#pragma once

#include "layer_instantiation.hpp"
#include "pamkit/cuda/layer_launches.hpp"
#include "pamkit/detail/layer_contraction.hpp"

/// Layers computed by launches. Each is its definition with kernels instead of loops: names,
/// operands, attributes and refusals are those of pamkit/layer/.

namespace pamkit::cuda {

/// Over one executor.
template <executor Execute>
struct layers_over {
  /// What all kernels along rows are given.
  static row_parameters rows_parameters(const layer_call& c, const row_layout& l) {
    row_parameters p;
    p.rules = c.rules.uncompensated();
    p.gradient = c.gradient;
    p.rows = l.rows;
    p.length = l.length;
    p.n = detail::from_host(static_cast<double>(l.length));
    return p;
  }

  /// A layer whose kernels read x, and of its vjp x and d, and write whole rows or, if it reduces,
  /// a word for each. `IsPlain`: the kernels are the same over every arithmetic.
  template <class Definition, bool Reduces, bool IsPlain = false>
  struct of_rows : Definition {
    static constexpr std::string_view kernel = Definition::name;
    static constexpr bool is_plain = IsPlain;

    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const tensor& x = c.inputs[0];
      const row_layout l = rows_of(c, x);
      tensor y = tensor_of_shape(Reduces ? reduced_shape(x) : x.shape);
      launch_memory memory;
      row_parameters p = rows_parameters(c, l);
      p.x = memory.in(x.encodings);
      p.y = memory.out(y.encodings);
      run_rows(Execute, name_of<A>(""), p, memory);
      return {std::move(y)};
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const tensor& x = c.inputs[0];
      const row_layout l = rows_of(c, x);
      require_shape(c, "d_y", c.inputs[1], Reduces ? reduced_shape(x) : x.shape);
      tensor dx = tensor_of_shape(x.shape);
      launch_memory memory;
      row_parameters p = rows_parameters(c, l);
      p.x = memory.in(x.encodings);
      p.d = memory.in(c.inputs[1].encodings);
      p.y = memory.out(dx.encodings);
      run_rows(Execute, name_of<A>("_vjp"), p, memory);
      return {std::move(dx)};
    }

   private:
    template <class A>
    static std::string name_of(std::string_view suffix) {
      const std::string name = std::string(kernel) + std::string(suffix);
      return IsPlain ? name : kernel_of(name, A::name);
    }
  };

  struct layer_norm : layer::layer_norm {
    static constexpr std::string_view kernel = "layer_norm";

    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const row_layout l = layer::layer_norm::checked_rows(c);
      tensor y = tensor_of_shape(c.inputs[0].shape);
      launch_memory memory;
      row_parameters p = parameters(c, l, memory);
      p.bias = memory.in(c.inputs[2].encodings);
      p.y = memory.out(y.encodings);
      run_rows(Execute, kernel_of("layer_norm", A::name), p, memory);
      return {std::move(y)};
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const row_layout l = layer::layer_norm::checked_rows(c);
      const tensor& d = c.inputs[3];
      require_shape(c, "d_y", d, c.inputs[0].shape);
      tensor dx = tensor_of_shape(c.inputs[0].shape);
      words gain_terms(dx.encodings.size());
      launch_memory memory;
      row_parameters p = parameters(c, l, memory);
      p.d = memory.in(d.encodings);
      p.y = memory.out(dx.encodings);
      p.terms = memory.out(gain_terms);
      run_rows(Execute, kernel_of("layer_norm_vjp", A::name), p, memory);
      const column_parameters columns = columns_of_rows(l.rows, l.length);
      tensor d_gain{c.inputs[1].shape, sums_of_columns(Execute, columns, gain_terms)};
      tensor d_bias{c.inputs[2].shape, sums_of_columns(Execute, columns, d.encodings)};
      return {std::move(dx), std::move(d_gain), std::move(d_bias)};
    }

   private:
    static row_parameters parameters(const layer_call& c, const row_layout& l,
                                     launch_memory& memory) {
      row_parameters p = rows_parameters(c, l);
      p.x = memory.in(c.inputs[0].encodings);
      p.gain = memory.in(c.inputs[1].encodings);
      p.eps = detail::from_host(c.attribute("eps"));
      return p;
    }
  };

  struct cross_entropy : layer::cross_entropy {
    static constexpr std::string_view kernel = "cross_entropy";

    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const rows x(c);
      tensor loss = tensor_of_shape({});
      const words losses = row_losses<A>(c, x);
      launch_memory memory;
      row_parameters p = mean_of_losses(c, x, losses, memory);
      p.y = memory.out(loss.encodings);
      run_rows(Execute, kernel_of("mean", A::name), p, memory);
      return {std::move(loss)};
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const rows x(c);
      require_shape(c, "d_loss", c.inputs[2], {});
      tensor dx = tensor_of_shape(c.inputs[0].shape);
      // The derivative of the mean, which each loss receives: the piece depends on the sum's
      // fraction.
      const words losses = row_losses<A>(c, x);
      words d_losses(losses.size());
      launch_memory mean_memory;
      row_parameters mean = mean_of_losses(c, x, losses, mean_memory);
      mean.d = mean_memory.in(c.inputs[2].encodings);
      mean.y = mean_memory.out(d_losses);
      run_rows(Execute, kernel_of("mean_vjp", A::name), mean, mean_memory);

      launch_memory memory;
      row_parameters p = parameters(c, x, memory);
      p.d = memory.in(d_losses);
      p.y = memory.out(dx.encodings);
      run_rows(Execute, kernel_of("cross_entropy_vjp", A::name), p, memory);
      return {std::move(dx)};
    }

   private:
    using rows = layer::cross_entropy::rows;

    static row_parameters parameters(const layer_call& c, const rows& x, launch_memory& memory) {
      row_parameters p = rows_parameters(c, {x.count, x.classes});
      p.x = memory.in(x.x.encodings);
      p.labels = memory.in(x.labels.encodings);
      p.right = x.right;
      p.wrong = x.wrong;
      return p;
    }
    template <class A>
    static words row_losses(const layer_call& c, const rows& x) {
      words losses(static_cast<std::size_t>(x.count));
      launch_memory memory;
      row_parameters p = parameters(c, x, memory);
      p.y = memory.out(losses);
      run_rows(Execute, kernel_of("cross_entropy", A::name), p, memory);
      return losses;
    }
    /// The losses as one row, whose mean is over the kept ones.
    static row_parameters mean_of_losses(const layer_call& c, const rows& x, const words& losses,
                                         launch_memory& memory) {
      row_parameters p = rows_parameters(c, {1, x.count});
      p.x = memory.in(losses);
      p.n = x.kept();
      return p;
    }
  };

  struct dropout : layer::dropout {
    static constexpr std::string_view kernel = "scale";

    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const word factor = layer::dropout::checked_factor(c);
      return {tensor{c.inputs[0].shape, scaled(Execute, A::name, c, c.inputs[0].encodings, nullptr,
                                               &c.inputs[1].encodings, factor)}};
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const word factor = layer::dropout::checked_factor(c);
      require_shape(c, "d_y", c.inputs[2], c.inputs[0].shape);
      return {tensor{c.inputs[0].shape,
                     scaled(Execute, A::name, c, c.inputs[0].encodings, &c.inputs[2].encodings,
                            &c.inputs[1].encodings, factor)}};
    }
  };

  struct clip_grad_norm : layer::clip_grad_norm {
    static constexpr std::string_view kernel = "clip_factor";

    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const double limit = layer::clip_grad_norm::checked_limit(c);
      std::vector<tensor> out(c.inputs.begin(), c.inputs.end());
      if (limit == 0) return out;
      words square_sums(c.inputs.size());
      for (std::size_t i = 0; i < c.inputs.size(); ++i) {
        const words& g = c.inputs[i].encodings;
        launch_memory memory;
        row_parameters p = rows_parameters(c, {1, static_cast<std::int64_t>(g.size())});
        p.x = memory.in(g);
        p.y = memory.out(std::span(square_sums).subspan(i, 1));
        run_rows(Execute, kernel_of("square_sum", A::name), p, memory);
      }
      words factor(1);
      launch_memory memory;
      element_parameters p;
      p.rules = c.rules.uncompensated();
      p.count = static_cast<std::int64_t>(square_sums.size());
      p.x = memory.in(square_sums);
      p.y = memory.out(factor);
      p.limit = detail::from_host(limit);
      run_kernel(Execute, kernel_of("clip_factor", A::name), 1, p, memory);
      for (tensor& g : out) {
        g.encodings =
            scaled(Execute, A::name, c, words(g.encodings), nullptr, nullptr, word{factor[0]});
      }
      return out;
    }
  };

  struct adamw_step : layer::adamw_step {
    static constexpr std::string_view kernel = "adamw_step";

    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      layer::adamw_step::require_shapes(c);
      adamw_parameters p = adamw_parameters_of(c);
      std::vector<tensor> out(3, tensor_of_shape(c.inputs[0].shape));
      launch_memory memory;
      p.count = static_cast<std::int64_t>(out[0].encodings.size());
      p.parameter = memory.in(c.inputs[0].encodings);
      p.gradient = memory.in(c.inputs[1].encodings);
      p.m = memory.in(c.inputs[2].encodings);
      p.v = memory.in(c.inputs[3].encodings);
      p.new_parameter = memory.out(out[0].encodings);
      p.new_m = memory.out(out[1].encodings);
      p.new_v = memory.out(out[2].encodings);
      run_kernel(Execute, kernel_of("adamw_step", A::name),
                 pieces(p.count, adamw_update<A>::threads), p, memory);
      return out;
    }
  };

  struct conv2d : layer::conv2d {
    static constexpr std::string_view kernel = "conv2d";

    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const geometry g(c);
      tensor y = tensor_of_shape({g.images, g.outputs, g.out_height, g.out_width});
      launch_memory memory;
      conv2d_parameters p = parameters(c, g, memory);
      if (g.has_bias) p.bias = memory.in(c.inputs[2].encodings);
      run_conv2d(kernel_of("conv2d", A::name), p, y, memory);
      return {std::move(y)};
    }
    template <class A>
    requires requires { A::has_derivative(derivative::approx); }
    static std::vector<tensor> vjp(const layer_call& c) {
      const geometry g(c);
      const tensor& d = c.inputs[3];
      const std::int64_t y_shape[] = {g.images, g.outputs, g.out_height, g.out_width};
      require_shape(c, "d_y", d, y_shape);
      std::vector<tensor> result;
      for (const tensor& x : c.inputs.first(3)) result.push_back(tensor_of_shape(x.shape));
      const std::string_view kernels[] = {"conv2d_input_vjp", "conv2d_weight_vjp"};
      for (std::size_t i = 0; i < 2; ++i) {
        launch_memory memory;
        conv2d_parameters p = parameters(c, g, memory);
        p.d = memory.in(d.encodings);
        run_conv2d(kernel_of(kernels[i], A::name), p, result[i], memory);
      }
      if (!result[2].encodings.empty()) result[2].encodings = bias_sums(g, d);
      return result;
    }

   private:
    using geometry = layer::conv2d::geometry;

    static conv2d_parameters parameters(const layer_call& c, const geometry& g,
                                        launch_memory& memory) {
      conv2d_parameters p;
      p.rules = c.rules;
      p.gradient = c.gradient;
      p.stride = g.stride;
      p.padding = g.padding;
      p.dilation = g.dilation;
      p.images = g.images;
      p.channels = g.channels;
      p.height = g.height;
      p.width = g.width;
      p.outputs = g.outputs;
      p.group_channels = g.group_channels;
      p.group_outputs = g.outputs / g.groups;
      p.kernel_height = g.kernel_height;
      p.kernel_width = g.kernel_width;
      p.out_height = g.out_height;
      p.out_width = g.out_width;
      p.x = memory.in(g.x.encodings);
      p.w = memory.in(g.w.encodings);
      return p;
    }
    static void run_conv2d(const std::string& name, conv2d_parameters p, tensor& y,
                           launch_memory& memory) {
      p.y = memory.out(y.encodings);
      run_kernel(Execute, name,
                 pieces(static_cast<std::int64_t>(y.encodings.size()), kConv2dThreads), p, memory);
    }
    /// Rows are images, output rows, output columns, in this order.
    static words bias_sums(const geometry& g, const tensor& d) {
      const std::int64_t area = g.out_height * g.out_width;
      column_parameters p;
      p.rows = g.images * area;
      p.columns = g.outputs;
      p.inner = area == 0 ? 1 : area;
      p.outer_stride = g.outputs * area;
      p.inner_stride = 1;
      p.column_stride = area;
      return sums_of_columns(Execute, p, d.encodings);
    }
  };

  struct linear : layer::linear {
    static constexpr std::string_view kernel = "conv2d";  // as every arithmetic has it

    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const problem p(c);
      const std::vector<float> bias = detail::as_floats(c.inputs[2].encodings);
      return {tensor{p.y_shape,
                     computed_contraction(Execute, A::name, contraction_kind::product, c.gradient,
                                          c.rules, p.sizes, p.has_bias ? bias.data() : nullptr)}};
    }
    template <class A>
    requires requires { A::has_derivative(derivative::approx); }
    static std::vector<tensor> vjp(const layer_call& c) {
      using enum contraction_kind;
      problem p(c);
      const tensor& d = c.inputs[3];
      require_shape(c, "d_y", d, p.y_shape);
      const std::vector<float> d_values = detail::as_floats(d.encodings);
      p.sizes.d = {.data = d_values.data(), .row_stride = p.sizes.n};
      tensor dx{c.inputs[0].shape,
                computed_contraction(Execute, A::name, vjp_a, c.gradient, c.rules, p.sizes)};
      // Towards the transposed weight [K, N], stored as the weight [N, K].
      std::vector<float> weight(c.inputs[1].encodings.size());
      p.sizes.out = {.data = weight.data(), .row_stride = 1, .column_stride = p.sizes.k};
      compute_contraction(Execute, A::name, vjp_b, c.gradient, c.rules, p.sizes);
      tensor d_weight = tensor_of_shape(c.inputs[1].shape);
      std::ranges::transform(weight, d_weight.encodings.begin(),
                             [](float x) { return std::bit_cast<std::uint32_t>(x); });
      tensor d_bias = tensor_of_shape(c.inputs[2].shape);
      if (!d_bias.encodings.empty()) {
        d_bias.encodings =
            sums_of_columns(Execute, columns_of_rows(p.sizes.m, p.sizes.n), d.encodings);
      }
      return {std::move(dx), std::move(d_weight), std::move(d_bias)};
    }

   private:
    using problem = layer::linear::problem;
  };

  /// The parts of attention; its definition scales the queries and hides scores.
  struct launched_parts {
    template <class A>
    static words contract(const layer_call& c, contraction_kind kind,
                          const contraction_problem& problem) {
      return computed_contraction(Execute, A::name, kind, c.gradient, c.rules, problem);
    }
    template <class A>
    static tensor softmax(const layer_call& c, const tensor& x) {
      return std::move(softmax_rows::template forward<A>(on(c, std::span(&x, 1))).front());
    }
    template <class A>
    static tensor softmax_vjp(const layer_call& c, const tensor& x, const tensor& d) {
      const tensor operands[] = {x, d};
      return std::move(softmax_rows::template vjp<A>(on(c, operands)).front());
    }

   private:
    using softmax_rows = of_rows<layer::softmax, false>;
    static layer_call on(const layer_call& c, std::span<const tensor> operands) {
      return {.name = layer::softmax::name,
              .rules = c.rules,
              .gradient = c.gradient,
              .inputs = operands,
              .attributes = c.attributes,
              .known = layer::softmax::attributes};
    }
  };

  struct attention : layer::attention_of<launched_parts> {
    static constexpr std::string_view kernel = layer::softmax::name;
  };

  using all =
      type_list<of_rows<layer::sum, true, true>, of_rows<layer::mean, true>,
                of_rows<layer::norm, true>, of_rows<layer::softmax, false>,
                of_rows<layer::logsumexp, true>, of_rows<layer::log_softmax, false>, layer_norm,
                cross_entropy, dropout, clip_grad_norm, adamw_step, conv2d, linear,
                attention>;

 private:
  static constexpr std::int64_t kConv2dThreads = 128;
};

}  // namespace pamkit::cuda
