#pragma once

#include "pamkit/arith_registry.hpp"
#include "pamkit/cuda/layers_over.hpp"
#include "pamkit/elementwise_registry.hpp"

namespace pamkit::cuda {

/// The look-ups of a backend that runs CUDA kernels by one executor:
///
///   constexpr backend b = backend_over<execute>::make("cuda-somewhere", "...");
///
/// Defined is what there are kernels for.
template <executor Execute>
struct backend_over {
  static constexpr backend make(std::string_view name, std::string_view description) {
    return {.name = name,
            .description = description,
            .elementwise = find_elementwise,
            .contraction = find_contraction,
            .layer = find_layer};
  }

 private:
  static std::string joined(std::string_view name, std::string_view of) {
    return std::string(name) + "_" + std::string(of);
  }

  template <class Op>
  static void elementwise(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                          std::uint32_t* out, std::size_t count) {
    compute_elementwise(Execute, Op::name, Op::arity, c, a, b, out, count);
  }

  static elementwise_function find_elementwise(std::string_view operation,
                                               std::string_view arithmetic) {
    elementwise_function found = nullptr;
    for_each_type(all_operations{}, [&]<class Op>(std::type_identity<Op>) {
      if (operation != Op::name) return;
      if (has_kernel(joined("elementwise_" + std::string(arithmetic), operation)))
        found = elementwise<Op>;
    });
    return found;
  }

  template <class A, contraction_kind Kind, derivative Gradient>
  static void contraction(const policy<binary32>& rules, const contraction_problem& problem) {
    compute_contraction(Execute, A::name, Kind, Gradient, rules, problem);
  }

  template <class A>
  static contraction_function contraction_of(contraction_kind kind, derivative gradient) {
    using enum contraction_kind;
    if (kind == product) return contraction<A, product, derivative::approx>;
    if constexpr (requires { A::has_derivative(gradient); }) {
      if (!A::has_derivative(gradient)) return nullptr;
      if (gradient == derivative::approx) {
        return kind == vjp_a ? contraction<A, vjp_a, derivative::approx>
                             : contraction<A, vjp_b, derivative::approx>;
      }
      return kind == vjp_a ? contraction<A, vjp_a, derivative::exact>
                           : contraction<A, vjp_b, derivative::exact>;
    }
    return nullptr;
  }

  static contraction_function find_contraction(std::string_view arithmetic, contraction_kind kind,
                                               derivative gradient) {
    contraction_function found = nullptr;
    for_each_type(all_arithmetics{}, [&]<class A>(std::type_identity<A>) {
      if (arithmetic == A::name) found = contraction_of<A>(kind, gradient);
    });
    return found;
  }

  static layer_function find_layer(std::string_view operation, std::string_view arithmetic) {
    layer_function found = nullptr;
    for_each_type(all_arithmetics{}, [&]<class A>(std::type_identity<A>) {
      if (arithmetic == A::name) found = layer_of<A>(operation);
    });
    return found;
  }

  template <class A>
  static layer_function layer_of(std::string_view operation) {
    using layers = layers_over<Execute>;
    layer_function found = nullptr;
    pamkit::detail::with_layer_in<A>(typename layers::all_of_contractions{}, operation,
                                     [&]<class Layer, bool IsVjp>() {
                                       if (has_kernel(joined(Layer::kernel, A::name))) {
                                         found = pamkit::detail::apply_layer<A, Layer, IsVjp>;
                                       }
                                     });
    const layer_planner* const planner = find_layer_planner(operation);
    if (planner == nullptr || !has_kernel(planner->kernel_of(A::name))) return found;
    pamkit::detail::with_layer_in<A>(all_layers{}, operation, [&]<class Layer, bool IsVjp>() {
      found = pamkit::detail::apply_layer<A, typename layers::template planned<Layer>, IsVjp>;
    });
    return found;
  }
};

}  // namespace pamkit::cuda
