#pragma once

#include "pamkit/detail/layer_contraction.hpp"
#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// softmax(bmm(pam(q, scale), k transposed)) times v by bmm, scale = RN(1 / sqrt(D)); a hidden
/// score is -infinity. Compensation acts in the two batched products.
template <class Parts>
struct attention_of {
  static constexpr std::string_view name = "attention";
  static constexpr layer_operand inputs[] = {{.name = "q", .is_differentiable = true},
                                             {.name = "k", .is_differentiable = true},
                                             {.name = "v", .is_differentiable = true},
                                             {.name = "hidden", .is_integer = true}};
  static constexpr layer_operand outputs[] = {{.name = "y"}};
  static constexpr std::array<layer_attribute, 0> attributes{};
  template <class A>
  static constexpr bool is_defined = detail::has_functions<A>;

  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const products<A> p(c);
    return {tensor{p.y_shape(), p.output()}};
  }

  template <class A>
  static std::vector<tensor> vjp(const layer_call& c) {
    const products<A> p(c);
    require_shape(c, "d_y", c.inputs[4], p.y_shape());
    return p.vjp(c.inputs[4]);
  }

 private:
  template <class A>
  struct products {
    const layer_call& c;
    detail::layer_steps<A> s;
    std::int64_t batch, queries, keys, width;
    detail::word scale;
    std::vector<float> q;  ///< scaled
    std::vector<float> k;
    std::vector<float> v;
    tensor scores;   ///< [B, T, S], hidden ones -infinity
    tensor weights;  ///< softmax of the scores

    explicit products(const layer_call& call)
        : c(call), s(c.steps<A>()) {
      const auto& shape = c.inputs[0].shape;
      c.require(shape.size() == 3 && c.inputs[1].shape.size() == 3, "q and k need three axes");
      batch = shape[0];
      queries = shape[1];
      width = shape[2];
      keys = c.inputs[1].shape[1];
      const std::int64_t key_shape[] = {batch, keys, width};
      const std::int64_t score_shape[] = {batch, queries, keys};
      require_shape(c, "k", c.inputs[1], key_shape);
      require_shape(c, "v", c.inputs[2], key_shape);
      require_shape(c, "hidden", c.inputs[3], score_shape);
      scale = detail::from_host(1 / std::sqrt(static_cast<double>(width)));
      std::vector<std::uint32_t> scaled;
      for (const std::uint32_t x : c.inputs[0].encodings) scaled.push_back(s.mul({x}, scale).bits);
      q = detail::as_floats(scaled);
      k = detail::as_floats(c.inputs[1].encodings);
      v = detail::as_floats(c.inputs[2].encodings);
      scores = {{batch, queries, keys},
                Parts::template contract<A>(c, contraction_kind::product, score_problem())};
      for (std::size_t i = 0; i < scores.encodings.size(); ++i) {
        if (is_hidden(i)) scores.encodings[i] = detail::kMinusInfinity.bits;
      }
      weights = Parts::template softmax<A>(c, scores);
    }

    bool is_hidden(std::size_t i) const { return c.inputs[3].encodings[i] != 0; }
    std::vector<std::int64_t> y_shape() const { return {batch, queries, width}; }

    // q [T, D] times k [S, D] read as [D, S].
    contraction_problem score_problem() const {
      contraction_problem p;
      p.batch = batch;
      p.m = queries;
      p.n = keys;
      p.k = width;
      p.a = {q.data(), width, 1, queries * width};
      p.b = {k.data(), 1, width, keys * width};
      return p;
    }

    // Weights [T, S] times v [S, D].
    contraction_problem output_problem(const std::vector<float>& weight_values) const {
      contraction_problem p;
      p.batch = batch;
      p.m = queries;
      p.n = width;
      p.k = keys;
      p.a = {weight_values.data(), keys, 1, queries * keys};
      p.b = {v.data(), width, 1, keys * width};
      return p;
    }

    std::vector<std::uint32_t> output() const {
      const auto weight_values = detail::as_floats(weights.encodings);
      return Parts::template contract<A>(c, contraction_kind::product, output_problem(weight_values));
    }

    std::vector<tensor> vjp(const tensor& d) const {
      using enum contraction_kind;
      const auto d_values = detail::as_floats(d.encodings);
      const auto weight_values = detail::as_floats(weights.encodings);
      contraction_problem p = output_problem(weight_values);
      p.d = {d_values.data(), width, 1, queries * width};
      const tensor d_weights{scores.shape, Parts::template contract<A>(c, vjp_a, p)};
      tensor dv{c.inputs[2].shape, Parts::template contract<A>(c, vjp_b, p)};

      tensor d_scores = Parts::template softmax_vjp<A>(c, scores, d_weights);
      for (std::size_t i = 0; i < d_scores.encodings.size(); ++i) {
        if (is_hidden(i)) d_scores.encodings[i] = 0;
      }

      const auto d_score_values = detail::as_floats(d_scores.encodings);
      p = score_problem();
      p.d = {d_score_values.data(), keys, 1, queries * keys};
      tensor dq{c.inputs[0].shape, Parts::template contract<A>(c, vjp_a, p)};
      for (std::size_t i = 0; i < dq.encodings.size(); ++i) {
        dq.encodings[i] = s.mul_vjp_a({c.inputs[0].encodings[i]}, scale, {dq.encodings[i]}).bits;
      }
      // Towards the transposed keys: [D, S].
      const auto transposed = Parts::template contract<A>(c, vjp_b, p);
      tensor dk = tensor_of_shape(c.inputs[1].shape);
      for (std::int64_t b = 0; b < batch; ++b) {
        for (std::int64_t j = 0; j < keys; ++j) {
          for (std::int64_t i = 0; i < width; ++i) {
            dk.encodings[static_cast<std::size_t>((b * keys + j) * width + i)] =
                transposed[static_cast<std::size_t>((b * width + i) * keys + j)];
          }
        }
      }
      return {std::move(dq), std::move(dk), std::move(dv)};
    }
  };
};

struct attention : attention_of<detail::defined_parts> {};

}  // namespace pamkit::layer
