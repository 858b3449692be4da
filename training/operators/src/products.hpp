#pragma once

#include <ATen/Functions.h>
#include <torch/library.h>

#include <optional>
#include <string_view>
#include <utility>

#include "choice.hpp"
#include "encode.hpp"
#include "pamkit/operators/contraction.hpp"
#include "pamkit/tensor/stored_format.hpp"
#include "shapes.hpp"

/// The operators of contraction, whatever computes them.

namespace pamkit::operators {

/// One contraction of tensors. `out` is float32 in its final layout; `d` is undefined in a product,
/// and `bias` (contiguous float32, added last) elsewhere.
struct tensor_contraction {
  contraction_kind kind;
  derivative gradient;
  const configuration& rules;
  at::Tensor a;
  at::Tensor b;
  at::Tensor d;
  at::Tensor bias;
  at::Tensor out;
};

/// Where the elements of a matrix or a batch of them lie. Narrow ones are widened where kernels
/// read them.
inline matrix_view view_of(const at::Tensor& t) {
  matrix_view v{nullptr, t.stride(-2), t.stride(-1), t.dim() == 3 ? t.stride(0) : 0};
  v.format = stored_format(format_of("pamkit", t.scalar_type()));
  if (v.format == element_format::binary32) {
    v.data = t.const_data_ptr<float>();
  } else {
    v.narrow = t.const_data_ptr();
  }
  return v;
}

/// The contraction in the memory of its tensors.
inline contraction_problem problem_of(const tensor_contraction& c) {
  at::Tensor out = c.out;
  contraction_problem problem{.batch = c.a.dim() == 3 ? c.a.size(0) : 1,
                              .m = c.a.size(-2),
                              .n = c.b.size(-1),
                              .k = c.a.size(-1),
                              .a = view_of(c.a),
                              .b = view_of(c.b),
                              .d = {},
                              .out = {out.mutable_data_ptr<float>(), out.stride(-2), out.stride(-1),
                                      out.dim() == 3 ? out.stride(0) : 0}};
  if (c.d.defined()) problem.d = view_of(c.d);
  return problem;
}

/// `Steps` has
///   contract(tensor_contraction)  of outputs that there are
///   sum_columns(rows, out)        section "reductions over rows": contiguous float32 [R, N] -> [N]
template <class Steps>
struct products {
  static at::Tensor matmul(const at::Tensor& a, const at::Tensor& b, std::string_view arithmetic,
                           std::string_view gradient) {
    const sizes shape = matmul_sizes(a, b);
    const choice chosen = parse_choice("pamkit::matmul", arithmetic, gradient);
    const configuration rules = configuration_of("pamkit::matmul", chosen, a.scalar_type());
    return encoded(product(chosen, rules, as_rows(a), b, {}), a.scalar_type(), rules).view(shape);
  }

  static at::Tensor bmm(const at::Tensor& a, const at::Tensor& b, std::string_view arithmetic,
                        std::string_view gradient) {
    bmm_sizes(a, b);
    const choice chosen = parse_choice("pamkit::bmm", arithmetic, gradient);
    const configuration rules = configuration_of("pamkit::bmm", chosen, a.scalar_type());
    return encoded(product(chosen, rules, a, b, {}), a.scalar_type(), rules);
  }

  static at::Tensor linear(const at::Tensor& x, const at::Tensor& weight,
                           const std::optional<at::Tensor>& bias, std::string_view arithmetic,
                           std::string_view gradient) {
    const sizes shape = linear_sizes(x, weight, bias);
    const choice chosen = parse_choice("pamkit::linear", arithmetic, gradient);
    const configuration rules = configuration_of("pamkit::linear", chosen, x.scalar_type());
    at::Tensor addend;
    if (bias.has_value() && bias->defined()) addend = widened(*bias).contiguous();
    const at::Tensor rows = product(chosen, rules, as_rows(x), weight.t(), addend);
    return encoded(rows, x.scalar_type(), rules).view(shape);
  }

  static at::Tensor product_vjp_a(const at::Tensor& a, const at::Tensor& b, const at::Tensor& d,
                                  std::string_view arithmetic, std::string_view gradient) {
    constexpr const char* op = "pamkit::product_vjp_a";
    const choice chosen = checked_vjp(op, a, b, d, arithmetic, gradient);
    const configuration rules = configuration_of(op, chosen, a.scalar_type());
    const at::Tensor out = at::empty(a.sizes(), a.options().dtype(at::kFloat));
    contract({contraction_kind::vjp_a, chosen.gradient, rules, a, b, d, {}, out});
    return encoded(out, a.scalar_type(), rules);
  }

  static at::Tensor product_vjp_b(const at::Tensor& a, const at::Tensor& b, const at::Tensor& d,
                                  std::string_view arithmetic, std::string_view gradient) {
    constexpr const char* op = "pamkit::product_vjp_b";
    const choice chosen = checked_vjp(op, a, b, d, arithmetic, gradient);
    const configuration rules = configuration_of(op, chosen, a.scalar_type());
    // A weight comes transposed; its gradient is then laid out like the weight.
    const bool by_columns = b.stride(-1) != 1 && b.stride(-2) == 1;
    const auto options = b.options().dtype(at::kFloat);
    sizes shape = b.sizes().vec();
    if (by_columns) std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
    const at::Tensor laid_out = at::empty(shape, options);
    const at::Tensor out = by_columns ? laid_out.transpose(-2, -1) : laid_out;
    contract({contraction_kind::vjp_b, chosen.gradient, rules, a, b, d, {}, out});
    const at::Tensor result = encoded(laid_out, b.scalar_type(), rules);
    return by_columns ? result.transpose(-2, -1) : result;
  }

  static at::Tensor sum_rows(const at::Tensor& d) {
    const sizes shape = sum_rows_sizes(d);
    // Sums are of no arithmetic: any name gives the same policies.
    const choice chosen = parse_choice("pamkit::sum_rows", "exact", "approx");
    const configuration rules = configuration_of("pamkit::sum_rows", chosen, d.scalar_type());
    const at::Tensor rows = widened(as_rows(d)).contiguous();
    const at::Tensor out = at::empty(shape, rows.options());
    Steps::sum_columns(rows, out);
    return encoded(out, d.scalar_type(), rules);
  }

 private:
  static choice checked_vjp(const char* op, const at::Tensor& a, const at::Tensor& b,
                            const at::Tensor& d, std::string_view arithmetic,
                            std::string_view gradient) {
    check_product_vjp(op, a, b, d);
    const choice chosen = parse_choice(op, arithmetic, gradient);
    check_derivative(op, chosen);
    return chosen;
  }

  // A matrix as its product reads it: cut where the rules say so.
  static at::Tensor factor(const at::Tensor& t, const configuration& rules) {
    return t.defined() && t.scalar_type() == at::kFloat ? operand(t, rules) : t;
  }

  static void contract(tensor_contraction c) {
    if (c.out.numel() == 0) return;
    c.a = factor(c.a, c.rules);
    c.b = factor(c.b, c.rules);
    c.d = factor(c.d, c.rules);
    Steps::contract(c);
  }

  static at::Tensor product(const choice& chosen, const configuration& rules, const at::Tensor& a,
                            const at::Tensor& b, const at::Tensor& bias) {
    sizes shape = a.sizes().vec();
    shape.back() = b.size(-1);
    const at::Tensor out = at::empty(shape, a.options().dtype(at::kFloat));
    contract({contraction_kind::product, chosen.gradient, rules, a, b, {}, bias, out});
    return out;
  }
};

/// Registers them for one of LibTorch's dispatch keys.
template <class Steps>
void register_products(torch::Library& library) {
  library.impl("matmul", products<Steps>::matmul);
  library.impl("bmm", products<Steps>::bmm);
  library.impl("linear", products<Steps>::linear);
  library.impl("product_vjp_a", products<Steps>::product_vjp_a);
  library.impl("product_vjp_b", products<Steps>::product_vjp_b);
  library.impl("sum_rows", products<Steps>::sum_rows);
}

}  // namespace pamkit::operators
