#pragma once

#include "float_environment.hpp"
#include "layer_instantiation.hpp"
#include "pamkit/layer_definition.hpp"

/// Layers whose rows are computed by vector kernels. Each is its definition with other loops:
/// names, operands, attributes and refusals are those of pamkit/layer/.

namespace pamkit::simd {

/// IEEE 754's default environment around a layer, the values that the host derives included.
template <class Layer>
struct in_default_environment : Layer {
  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const default_float_environment environment;
    return Layer::template forward<A>(c);
  }
  template <class A>
  requires requires(const layer_call& c) { Layer::template vjp<A>(c); }
  static std::vector<tensor> vjp(const layer_call& c) {
    const default_float_environment environment;
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

  struct softmax : layer::softmax {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const row_layout l = rows_of(c, c.inputs[0]);
      tensor y = tensor_of_shape(c.inputs[0].shape);
      Kernels::Softmax(c.steps<A>(), in(c, 0), l, y.encodings.data());
      return only(std::move(y));
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const row_layout l = rows_of(c, c.inputs[0]);
      require_shape(c, "d_y", c.inputs[1], c.inputs[0].shape);
      tensor dx = tensor_of_shape(c.inputs[0].shape);
      Kernels::SoftmaxVjp(c.steps<A>(), in(c, 0), in(c, 1), l, dx.encodings.data());
      return only(std::move(dx));
    }
  };

  struct logsumexp : layer::logsumexp {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const row_layout l = rows_of(c, c.inputs[0]);
      tensor y = tensor_of_shape(reduced_shape_of(c));
      words scratch(static_cast<std::size_t>(l.length));
      Kernels::Logsumexp(c.steps<A>(), in(c, 0), l, scratch.data(), y.encodings.data());
      return only(std::move(y));
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const row_layout l = rows_of(c, c.inputs[0]);
      require_shape(c, "d_y", c.inputs[1], reduced_shape_of(c));
      tensor dx = tensor_of_shape(c.inputs[0].shape);
      Kernels::LogsumexpVjp(c.steps<A>(), in(c, 0), in(c, 1), l, dx.encodings.data());
      return only(std::move(dx));
    }
  };

  struct log_softmax : layer::log_softmax {
    template <class A>
    static std::vector<tensor> forward(const layer_call& c) {
      const row_layout l = rows_of(c, c.inputs[0]);
      tensor y = tensor_of_shape(c.inputs[0].shape);
      Kernels::LogSoftmax(c.steps<A>(), in(c, 0), l, y.encodings.data());
      return only(std::move(y));
    }
    template <class A>
    static std::vector<tensor> vjp(const layer_call& c) {
      const row_layout l = rows_of(c, c.inputs[0]);
      require_shape(c, "d_y", c.inputs[1], c.inputs[0].shape);
      tensor dx = tensor_of_shape(c.inputs[0].shape);
      words scratch(static_cast<std::size_t>(l.length));
      Kernels::LogSoftmaxVjp(c.steps<A>(), in(c, 0), in(c, 1), l, scratch.data(),
                             dx.encodings.data());
      return only(std::move(dx));
    }
  };

  using all = type_list<in_default_environment<sum>, in_default_environment<mean>,
                        in_default_environment<norm>, in_default_environment<softmax>,
                        in_default_environment<logsumexp>, in_default_environment<log_softmax>>;

 private:
  /// One element for each row, once it is known that there are rows.
  static std::vector<std::int64_t> reduced_shape_of(const layer_call& c) {
    rows_of(c, c.inputs[0]);
    return reduced_shape(c.inputs[0]);
  }
};

}  // namespace pamkit::simd
