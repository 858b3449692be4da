#pragma once

#include <utility>

#include "pamkit/detail/float_environment.hpp"
#include "pamkit/elementwise_registry.hpp"
#include "scalar_tables.hpp"

namespace pamkit::detail {

template <class F>
policy<F> rules_of(const configuration& c, F format) {
  return {c.subnormals, c.overflow, c.compensation, format};
}

/// Whether arithmetic A defines operation Op (it does so in every format or in none).
template <class A, class Op>
inline constexpr bool is_defined = [] {
  using x = encoding<binary32>;
  if constexpr (Op::arity == 1) {
    return requires(policy<binary32> p, x a) { Op::template apply<A>(p, a); };
  } else {
    return requires(policy<binary32> p, x a) { Op::template apply<A>(p, a, a); };
  }
}();

template <class A, class Op>
void apply_elementwise(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                       std::uint32_t* out, std::size_t count) {
  const default_float_environment environment;
  std::visit(
      [&]<class F>(F format) {
        const policy<F> p = rules_of(c, format);
        for (std::size_t i = 0; i < count; ++i) {
          if constexpr (Op::arity == 1) {
            out[i] = Op::template apply<A>(p, from_bits<F>(a[i])).bits;
          } else {
            out[i] = Op::template apply<A>(p, from_bits<F>(a[i]), from_bits<F>(b[i])).bits;
          }
        }
      },
      c.format);
}

template <class A>
elementwise_function find_scalar_elementwise(std::string_view operation) {
  elementwise_function found = nullptr;
  for_each_type(all_operations{}, [&]<class Op>(std::type_identity<Op>) {
    if constexpr (is_defined<A, Op>) {
      if (operation == Op::name) found = apply_elementwise<A, Op>;
    }
  });
  return found;
}

template <class A, contraction_kind Kind, derivative Gradient>
void contract(const policy<binary32>& rules, const contraction_problem& c) {
  const default_float_environment environment;
  const contraction_definition<A> definition{rules, Gradient};
  for (std::int64_t batch = 0; batch < c.batch; ++batch) {
    for (std::int64_t row = 0; row < output_rows(Kind, c); ++row) {
      for (std::int64_t column = 0; column < output_columns(Kind, c); ++column) {
        c.out.data[batch * c.out.batch_stride + row * c.out.row_stride +
                   column * c.out.column_stride] =
            std::bit_cast<float>(definition.element(Kind, c, batch, row, column).bits);
      }
    }
  }
}

template <class A>
bool has_derivative(derivative kind) {
  if constexpr (requires { A::has_derivative(kind); }) {
    return A::has_derivative(kind);
  } else {
    return false;
  }
}

template <class A>
contraction_function find_scalar_contraction(contraction_kind kind, derivative gradient) {
  using enum contraction_kind;
  if (kind == product) return contract<A, product, derivative::approx>;
  if (!has_derivative<A>(gradient)) return nullptr;
  if (gradient == derivative::approx) {
    return kind == vjp_a ? contract<A, vjp_a, derivative::approx>
                         : contract<A, vjp_b, derivative::approx>;
  }
  return kind == vjp_a ? contract<A, vjp_a, derivative::exact>
                       : contract<A, vjp_b, derivative::exact>;
}

template <class A>
scalar_table make_scalar_table() {
  static_assert(arithmetic<A, binary32> && arithmetic<A, bfloat16> && arithmetic<A, binary16> &&
                arithmetic<A, e5m2> && arithmetic<A, e4m3> && arithmetic<A, binary32m>);
  return {.info = {.name = A::name,
                   .reference = A::reference,
                   .oracle = A::oracle,
                   .promise =
                       [](const configuration& c) {
                         return std::visit(
                             [&](auto format) { return A::promise(rules_of(c, format)); },
                             c.format);
                       },
                   .compensation =
                       [](const any_format& format, std::int32_t requested) {
                         return std::visit(
                             [&](auto f) { return A::compensation(f, requested); }, format);
                       },
                   .has_derivative = has_derivative<A>,
                   .defines =
                       [](std::string_view operation) {
                         return find_scalar_elementwise<A>(operation) != nullptr;
                       }},
          .elementwise = find_scalar_elementwise<A>,
          .contraction = find_scalar_contraction<A>};
}

}  // namespace pamkit::detail
