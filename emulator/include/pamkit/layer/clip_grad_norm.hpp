#pragma once

#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// pam(g, min(1, pad(limit, pasqrt(sum of pam(g, g))))) for every gradient, the sum over all of
/// them: each tensor as one row, then the tensors in ascending order. The factor is applied even at
/// 1; a limit of 0 is off.
struct clip_grad_norm {
  static constexpr std::string_view name = "clip_grad_norm";
  static constexpr bool is_variadic = true;
  static constexpr layer_operand inputs[] = {{.name = "gradient"}};
  static constexpr layer_operand outputs[] = {{.name = "gradient"}};
  static constexpr layer_attribute attributes[] = {
      {.name = "limit", .otherwise = 1, .meaning = "greatest norm; 0: no clipping"}};
  template <class A>
  static constexpr bool is_defined = detail::has_functions<A>;

  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const auto s = c.steps<A>();
    std::vector<tensor> out(c.inputs.begin(), c.inputs.end());
    const double limit = checked_limit(c);
    if (limit == 0) return out;
    const detail::word factor = factor_of(s, c, limit, [&](const tensor& g) {
      return detail::lane_sum(g.encodings.size(), [&](std::size_t i) {
        return s.mul({g.encodings[i]}, {g.encodings[i]});
      });
    });
    for (tensor& g : out) {
      for (std::uint32_t& x : g.encodings) x = s.mul({x}, factor).bits;
    }
    return out;
  }

 protected:
  static double checked_limit(const layer_call& c) {
    const double limit = c.attribute("limit");
    c.require(limit >= 0, "limit must not be negative");
    return limit;
  }

  /// min(1, pad(limit, pasqrt(sum))) with the sum of square_sum(g) over the tensors.
  template <class A, class Function>
  static detail::word factor_of(const detail::layer_steps<A>& s, const layer_call& c, double limit,
                                const Function& square_sum) {
    detail::word sum = detail::kZero;
    for (const tensor& g : c.inputs) sum = detail::add(sum, square_sum(g));
    return detail::minimum(s.one(), s.div(detail::from_host(limit), s.sqrt(sum)));
  }
};

}  // namespace pamkit::layer
