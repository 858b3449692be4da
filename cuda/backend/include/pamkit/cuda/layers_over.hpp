#pragma once

#include "layer_instantiation.hpp"
#include "pamkit/cuda/planned_layer.hpp"
#include "pamkit/detail/layer_contraction.hpp"

/// Layers computed by launches. Each is its definition with kernels instead of loops: names,
/// operands, attributes and refusals are those of pamkit/layer/.

namespace pamkit::cuda {

/// Over one executor.
template <executor Execute>
struct layers_over {
  /// A layer that cuda/plan/layers/ has as launches.
  template <class Definition>
  struct planned : Definition {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      return run_plan(Execute, planner().forward(c, A::name), c.inputs);
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      return run_plan(Execute, planner().vjp(c, A::name), c.inputs);
    }

   private:
    static const layer_planner& planner() { return *find_layer_planner(Definition::name); }
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
      if (p.has_bias) {
        d_bias = std::move(
            run_plan(Execute, plan_column_sums(p.sizes.m, p.sizes.n), std::span(&d, 1)).front());
      }
      return {std::move(dx), std::move(d_weight), std::move(d_bias)};
    }

   private:
    using problem = layer::linear::problem;
  };

  /// The parts of attention; its definition scales the queries and hides scores.
  struct launched_parts {
    template <class A>
    static std::vector<std::uint32_t> contract(const layer_call& c, contraction_kind kind,
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
    using softmax_rows = planned<layer::softmax>;
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

  /// Those that are made of contractions.
  using all_of_contractions = type_list<linear, attention>;
};

}  // namespace pamkit::cuda
