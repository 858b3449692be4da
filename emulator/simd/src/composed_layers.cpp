#include <algorithm>
#include <bit>
#include <span>
#include <utility>

#include "kernels.hpp"
#include "pamkit/layer/attention.hpp"
#include "pamkit/layer/linear.hpp"
#include "pamkit/vector_kernel_registry.hpp"
#include "row_layers.hpp"

// linear and attention: their definitions, made of kernels.

namespace pamkit::simd {
namespace {

/// Where an arithmetic has no kernel of a part, that part is the definition's.
template <class Kernels>
struct kernel_parts {
  template <class A>
  static std::vector<std::uint32_t> contract(const layer_call& c, contraction_kind kind,
                                             contraction_problem problem) {
    const contraction_function kernel = Kernels::contraction(kind, c.gradient);
    if (kernel == nullptr) return detail::defined_parts::contract<A>(c, kind, problem);
    const std::int64_t rows = output_rows(kind, problem);
    const std::int64_t columns = output_columns(kind, problem);
    std::vector<float> out(static_cast<std::size_t>(problem.batch * rows * columns));
    problem.out = {out.data(), columns, 1, rows * columns};
    kernel(c.rules, problem);
    std::vector<std::uint32_t> encodings(out.size());
    std::ranges::transform(out, encodings.begin(),
                           [](float x) { return std::bit_cast<std::uint32_t>(x); });
    return encodings;
  }

  template <class A>
  static tensor softmax(const layer_call& c, const tensor& x) {
    const layer_function kernel = Kernels::layer("softmax");
    if (kernel == nullptr) return detail::defined_parts::softmax<A>(c, x);
    return std::move(kernel(c.rules, c.gradient, std::span(&x, 1), {}).front());
  }

  template <class A>
  static tensor softmax_vjp(const layer_call& c, const tensor& x, const tensor& d) {
    const layer_function kernel = Kernels::layer("softmax_vjp");
    if (kernel == nullptr) return detail::defined_parts::softmax_vjp<A>(c, x, d);
    const tensor operands[] = {x, d};
    return std::move(kernel(c.rules, c.gradient, std::span(operands), {}).front());
  }
};

}  // namespace

layer_function composed_layer(std::string_view operation, std::string_view arithmetic) {
  layer_function found = nullptr;
  for_each_type(all_vector_kernels{}, [&]<class K>(std::type_identity<K>) {
    using parts = kernel_parts<K>;
    using layers = type_list<in_default_environment<layer::linear_of<parts>>,
                             in_default_environment<layer::attention_of<parts>>>;
    if (arithmetic == K::arithmetic::name) {
      found = detail::find_layer_in<typename K::arithmetic>(layers{}, operation);
    }
  });
  return found;
}

}  // namespace pamkit::simd
