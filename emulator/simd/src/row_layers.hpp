#pragma once

#include "pamkit/detail/float_environment.hpp"
#include "layer_instantiation.hpp"
#include "pamkit/layer_definition.hpp"

/// Layers whose rows are computed by vector kernels. Each is its definition with other loops:
/// names, operands, attributes and refusals are those of pamkit/layer/.

namespace pamkit::simd {

using adamw_scalars = layer::adamw_step::scalars;

/// The targets of one row of cross entropy.
struct class_targets {
  std::uint32_t label;  ///< the true class
  detail::word right;   ///< its target
  detail::word wrong;   ///< that of the others
  const std::uint32_t* row;

  /// Without smoothing the other classes count nothing.
  bool is_one_class() const { return magnitude(wrong) == 0 && magnitude(right) != 0; }
};

/// IEEE 754's default environment around a layer, the values that the host derives included.
template <class Layer>
struct in_default_environment : Layer {
  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const detail::default_float_environment environment;
    return Layer::template forward<A>(c);
  }
  template <class A>
  requires requires(const layer_call& c) { Layer::template vjp<A>(c); }
  static std::vector<tensor> vjp(const layer_call& c) {
    const detail::default_float_environment environment;
    return Layer::template vjp<A>(c);
  }
};

/// The one output of a layer; an initialiser list would copy it.
inline std::vector<tensor> only(tensor&& output) {
  std::vector<tensor> outputs;
  outputs.push_back(std::move(output));
  return outputs;
}

/// Over the kernels of one arithmetic for one instruction set, a struct of static functions. Being
/// a template of it, every layer is compiled apart for each.
template <class Kernels>
struct row_layers {
  using words = std::vector<std::uint32_t>;

  static const std::uint32_t* in(const layer_call& c, std::size_t operand) {
    return c.inputs[operand].encodings.data();
  }

  static std::int64_t elements(const tensor& x) {
    return static_cast<std::int64_t>(x.encodings.size());
  }

  struct sum : layer::sum {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      tensor y = tensor_of_shape(reduced_shape_of(c));
      Kernels::Sums(c.rules, in(c, 0), rows_of(c, c.inputs[0]), y.encodings.data());
      return only(std::move(y));
    }
  };

  struct mean : layer::mean {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      tensor y = tensor_of_shape(reduced_shape_of(c));
      for_each_mean<A>(c, y, [](const detail::row_mean<A>& m) { return m.mean; });
      return only(std::move(y));
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const tensor& x = c.inputs[0];
      tensor d = tensor_of_shape(reduced_shape_of(c));
      require_shape(c, "d_y", c.inputs[1], d.shape);
      const auto s = c.steps<A>();
      const std::uint32_t* incoming = in(c, 1);
      for_each_mean<A>(c, d, [&](const detail::row_mean<A>& m) { return m.vjp(s, {*incoming++}); });
      tensor dx = tensor_of_shape(x.shape);
      const row_layout l = rows_of(c, x);
      for (std::int64_t r = 0; r < l.rows; ++r) {
        std::ranges::fill(row(dx, l.length, r), row(d, 1, r)[0]);
      }
      return only(std::move(dx));
    }

   private:
    template <class A, class Function>
    static void for_each_mean(const layer_call& c, tensor& y, const Function& f) {
      const auto s = c.steps<A>();
      const row_layout l = rows_of(c, c.inputs[0]);
      Kernels::Sums(c.rules, in(c, 0), l, y.encodings.data());
      for (std::uint32_t& e : y.encodings) {
        e = f(detail::row_mean<A>(s, {e}, static_cast<std::size_t>(l.length))).bits;
      }
    }
  };

  struct norm : layer::norm {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const auto s = c.steps<A>();
      tensor y = tensor_of_shape(reduced_shape_of(c));
      Kernels::SquareSums(s, in(c, 0), rows_of(c, c.inputs[0]), y.encodings.data());
      for (std::uint32_t& e : y.encodings) e = s.sqrt({e}).bits;
      return only(std::move(y));
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const auto s = c.steps<A>();
      const tensor& x = c.inputs[0];
      tensor d = tensor_of_shape(reduced_shape_of(c));
      require_shape(c, "d_y", c.inputs[1], d.shape);
      const row_layout l = rows_of(c, x);
      Kernels::SquareSums(s, in(c, 0), l, d.encodings.data());
      for (std::size_t r = 0; r < d.encodings.size(); ++r) {
        d.encodings[r] = s.sqrt_vjp({d.encodings[r]}, {c.inputs[1].encodings[r]}).bits;
      }
      tensor dx = tensor_of_shape(x.shape);
      Kernels::SquareVjps(s, in(c, 0), d.encodings.data(), l, dx.encodings.data());
      return only(std::move(dx));
    }
  };

  /// A layer of rows whose kernels read x, and of its vjp x and d, and write whole rows; or, if it
  /// reduces, one element for each.
  template <class Definition, auto Forward, auto Vjp, bool Reduces = false>
  struct of_rows : Definition {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const row_layout l = rows_of(c, c.inputs[0]);
      tensor y = tensor_of_shape(output_shape(c));
      Forward(c.steps<A>(), in(c, 0), l, y.encodings.data());
      return only(std::move(y));
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const row_layout l = rows_of(c, c.inputs[0]);
      require_shape(c, "d_y", c.inputs[1], output_shape(c));
      tensor dx = tensor_of_shape(c.inputs[0].shape);
      Vjp(c.steps<A>(), in(c, 0), in(c, 1), l, dx.encodings.data());
      return only(std::move(dx));
    }

   private:
    static std::vector<std::int64_t> output_shape(const layer_call& c) {
      return Reduces ? reduced_shape(c.inputs[0]) : c.inputs[0].shape;
    }
  };
  using softmax = of_rows<layer::softmax, Kernels::Softmax, Kernels::SoftmaxVjp>;
  using logsumexp = of_rows<layer::logsumexp, Kernels::Logsumexp, Kernels::LogsumexpVjp, true>;
  using log_softmax = of_rows<layer::log_softmax, Kernels::LogSoftmax, Kernels::LogSoftmaxVjp>;

  struct layer_norm : layer::layer_norm {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const row_layout l = layer::layer_norm::checked_rows(c);
      tensor y = tensor_of_shape(c.inputs[0].shape);
      Kernels::LayerNorm(c.steps<A>(), in(c, 0), in(c, 1), in(c, 2), eps(c), l, y.encodings.data());
      return only(std::move(y));
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const row_layout l = layer::layer_norm::checked_rows(c);
      require_shape(c, "d_y", c.inputs[3], c.inputs[0].shape);
      std::vector<tensor> d;
      for (const tensor& x : c.inputs.first(3)) d.push_back(tensor_of_shape(x.shape));
      Kernels::LayerNormVjp(c.steps<A>(), in(c, 0), in(c, 1), eps(c), in(c, 3), l,
                            d[0].encodings.data(), d[1].encodings.data(), d[2].encodings.data());
      return d;
    }

   private:
    static detail::word eps(const layer_call& c) { return detail::from_host(c.attribute("eps")); }
  };

  struct cross_entropy : layer::cross_entropy {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      tensor loss = tensor_of_shape({});
      const targeted_rows x(c);
      const auto s = c.steps<A>();
      loss.encodings[0] = s.div(sum_of_losses(s, x), x.kept()).bits;
      return only(std::move(loss));
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const targeted_rows x(c);
      require_shape(c, "d_loss", c.inputs[2], {});
      const auto s = c.steps<A>();
      const detail::word d_loss =
          detail::negated(s.div_vjp_a(sum_of_losses(s, x), x.kept(), {c.inputs[2].encodings[0]}));
      tensor dx = tensor_of_shape(c.inputs[0].shape);
      x.for_each_kept([&](std::int64_t r, const class_targets& targets, words& scratch) {
        Kernels::LikelihoodVjp(s, x.logits(r).data(), targets, d_loss, x.classes, scratch.data(),
                               row(dx, x.classes, r).data());
      });
      return only(std::move(dx));
    }

   private:
    struct targeted_rows : layer::cross_entropy::rows {
      using layer::cross_entropy::rows::rows;

      /// f(row, its targets, words for a row) for every row that is not ignored.
      template <class Function>
      void for_each_kept(const Function& f) const {
        words targets(static_cast<std::size_t>(this->classes), this->wrong.bits);
        words scratch(targets.size());
        for (std::int64_t r = 0; r < this->count; ++r) {
          if (!this->is_kept(r)) continue;
          const std::uint32_t label = this->labels.encodings[static_cast<std::size_t>(r)];
          targets[label] = this->right.bits;
          f(r, class_targets{label, this->right, this->wrong, targets.data()}, scratch);
          targets[label] = this->wrong.bits;
        }
      }
    };

    template <class A>
    static detail::word sum_of_losses(const detail::layer_steps<A>& s, const targeted_rows& x) {
      words losses(static_cast<std::size_t>(x.count));
      x.for_each_kept([&](std::int64_t r, const class_targets& targets, words& scratch) {
        losses[static_cast<std::size_t>(r)] =
            detail::negated(
                Kernels::Likelihood(s, x.logits(r).data(), targets, x.classes, scratch.data()))
                .bits;
      });
      return detail::lane_sum(losses);
    }
  };

  struct dropout : layer::dropout {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      // The product is the approx vjp of itself.
      auto s = c.steps<A>();
      s.gradient = derivative::approx;
      return kept(c, s, layer::dropout::checked_factor(c), 0);
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      require_shape(c, "d_y", c.inputs[2], c.inputs[0].shape);
      return kept(c, c.steps<A>(), layer::dropout::checked_factor(c), 2);
    }

   private:
    template <class A>
    static std::vector<tensor> kept(const layer_call& c, const detail::layer_steps<A>& s,
                                    detail::word factor, std::size_t d) {
      tensor y = tensor_of_shape(c.inputs[0].shape);
      Kernels::KeepVjp(s, in(c, 0), in(c, d), in(c, 1), factor, elements(y), y.encodings.data());
      return only(std::move(y));
    }
  };

  struct adamw_step : layer::adamw_step {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      layer::adamw_step::require_shapes(c);
      const adamw_scalars scalars(c);
      std::vector<tensor> out(3, tensor_of_shape(c.inputs[0].shape));
      Kernels::Adamw(c.steps<A>(), scalars, {in(c, 0), in(c, 1), in(c, 2), in(c, 3)},
                     {out[0].encodings.data(), out[1].encodings.data(), out[2].encodings.data()},
                     elements(out[0]));
      return out;
    }
  };

  struct clip_grad_norm : layer::clip_grad_norm {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const double limit = layer::clip_grad_norm::checked_limit(c);
      std::vector<tensor> out(c.inputs.begin(), c.inputs.end());
      if (limit == 0) return out;
      const auto s = c.steps<A>();
      const detail::word factor =
          layer::clip_grad_norm::factor_of(s, c, limit, [&](const tensor& g) {
            std::uint32_t sum = 0;
            Kernels::SquareSums(s, g.encodings.data(), {1, elements(g)}, &sum);
            return detail::word{sum};
          });
      for (tensor& g : out) {
        Kernels::Scale(s, g.encodings.data(), factor, elements(g), g.encodings.data());
      }
      return out;
    }
  };

  using all = type_list<in_default_environment<sum>, in_default_environment<mean>,
                        in_default_environment<norm>, in_default_environment<softmax>,
                        in_default_environment<logsumexp>, in_default_environment<log_softmax>,
                        in_default_environment<layer_norm>, in_default_environment<cross_entropy>,
                        in_default_environment<dropout>, in_default_environment<adamw_step>,
                        in_default_environment<clip_grad_norm>>;

 private:
  /// One element for each row, once it is known that there are rows.
  static std::vector<std::int64_t> reduced_shape_of(const layer_call& c) {
    rows_of(c, c.inputs[0]);
    return reduced_shape(c.inputs[0]);
  }
};

}  // namespace pamkit::simd
