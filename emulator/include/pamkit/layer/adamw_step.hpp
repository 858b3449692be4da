#pragma once

#include "pamkit/detail/adamw_update.hpp"
#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// One update of AdamW, elementwise: m = pam(m, b1) + pam(g, 1 - b1); v = pam(v, b2) + pam(pam(g,
/// g), 1 - b2); p = (p - pam(p, wd lr)) - pam(pad(m, pasqrt(v) + eps), lr sqrt(1 - b2^t) / (1 -
/// b1^t)).
///
/// pam(x, b) with b just below 1 multiplies x by about 2^(-2 (1 - b)), not by b: the moments forget
/// 1.4 times too fast. `corrected` replaces b in the two decays alone by the number whose
/// piecewise affine logarithm is log2 b, 1 + log2(b) / 2 for b >= 1/2, so that they decay by b.
struct adamw_step {
  static constexpr std::string_view name = "adamw_step";
  static constexpr layer_operand inputs[] = {
      {.name = "parameter"}, {.name = "gradient"}, {.name = "m"}, {.name = "v"}};
  static constexpr layer_operand outputs[] = {{.name = "parameter"}, {.name = "m"}, {.name = "v"}};
  static constexpr layer_attribute attributes[] = {
      {.name = "learning_rate", .otherwise = 1e-3, .meaning = "lr"},
      {.name = "beta1", .otherwise = 0.9, .meaning = "b1, decay of the first moment"},
      {.name = "beta2", .otherwise = 0.999, .meaning = "b2, decay of the second moment"},
      {.name = "eps", .otherwise = 1e-8, .meaning = "added to the root"},
      {.name = "weight_decay", .otherwise = 0.01, .meaning = "wd, decoupled"},
      {.name = "step", .otherwise = 1, .meaning = "t, the updates counted from 1"},
      {.name = "corrected",
       .otherwise = 0,
       .meaning = "1: m and v decay by the number whose piecewise affine logarithm is log2 b"}};
  template <class A>
  static constexpr bool is_defined = detail::has_functions<A>;

  /// What the host derives from the attributes in binary64, each rounded once.
  struct scalars {
    detail::word b1, b2, rest1, rest2, eps, decay, step;

    explicit scalars(const layer_call& c) {
      using detail::from_host;
      const double rate = c.attribute("learning_rate");
      const double beta1 = c.attribute("beta1");
      const double beta2 = c.attribute("beta2");
      const auto t = static_cast<double>(c.count("step", 1));
      const std::int64_t corrected = c.count("corrected", 0);
      c.require(corrected <= 1, "corrected must be 0 or 1");
      b1 = from_host(corrected == 1 ? decay_factor(c, "beta1", beta1) : beta1);
      b2 = from_host(corrected == 1 ? decay_factor(c, "beta2", beta2) : beta2);
      rest1 = from_host(1 - beta1);
      rest2 = from_host(1 - beta2);
      eps = from_host(c.attribute("eps"));
      decay = from_host(c.attribute("weight_decay") * rate);
      step = from_host(rate * std::sqrt(1 - std::pow(beta2, t)) / (1 - std::pow(beta1, t)));
    }

   private:
    static double decay_factor(const layer_call& c, const char* name, double b) {
      c.require(b >= 0.5 && b <= 1,
                std::string(name) + " must lie in [1/2, 1] where decays are corrected");
      return 1 + std::log2(b) / 2;
    }
  };

  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const auto s = c.steps<A>();
    require_shapes(c);
    const scalars h(c);
    std::vector<tensor> out(3, tensor_of_shape(c.inputs[0].shape));
    for (std::size_t i = 0; i < out[0].encodings.size(); ++i) {
      const auto at = [&](std::size_t k) { return detail::word{c.inputs[k].encodings[i]}; };
      const auto updated = detail::adamw_update(s, h, {at(0), at(2), at(3)}, at(1));
      out[0].encodings[i] = updated.parameter.bits;
      out[1].encodings[i] = updated.m.bits;
      out[2].encodings[i] = updated.v.bits;
    }
    return out;
  }

 protected:
  static void require_shapes(const layer_call& c) {
    for (const tensor& t : c.inputs) require_shape(c, "an operand", t, c.inputs[0].shape);
  }
};

}  // namespace pamkit::layer
