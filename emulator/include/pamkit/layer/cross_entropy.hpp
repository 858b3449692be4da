#pragma once

#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// The mean over kept rows of -(sum of pam(log_softmax(x), target)): the loss of classification
/// with label smoothing. A class whose target is 0 contributes +0, an ignored row has loss +0 in
/// its place.
struct cross_entropy {
  static constexpr std::string_view name = "cross_entropy";
  static constexpr layer_operand inputs[] = {{.name = "x", .is_differentiable = true},
                                             {.name = "classes", .is_integer = true}};
  static constexpr layer_operand outputs[] = {{.name = "loss"}};
  static constexpr layer_attribute attributes[] = {
      {.name = "smoothing", .otherwise = 0, .meaning = "eps of label smoothing"},
      {.name = "fairseq",
       .otherwise = 0,
       .meaning = "0: 1 - eps + eps/V and eps/V, PyTorch's targets; 1: 1 - eps and eps/(V - 1)"}};
  template <class A>
  static constexpr bool is_defined = detail::has_functions<A>;

  /// Marks an ignored row in `classes`.
  static constexpr std::uint32_t kIgnored = 0xFFFFFFFF;

  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const auto s = c.steps<A>();
    const rows x(c);
    tensor loss = tensor_of_shape({});
    loss.encodings[0] = s.div(sum_of_losses(s, x), x.kept()).bits;
    return {std::move(loss)};
  }

  template <class A>
  static std::vector<tensor> vjp(const layer_call& c) {
    const auto s = c.steps<A>();
    const rows x(c);
    require_shape(c, "d_loss", c.inputs[2], {});
    // The piece of the mean depends on the sum's fraction.
    const detail::word d_loss =
        detail::negated(s.div_vjp_a(sum_of_losses(s, x), x.kept(), {c.inputs[2].encodings[0]}));
    tensor dx = tensor_of_shape(c.inputs[0].shape);
    std::vector<std::uint32_t> log_p(static_cast<std::size_t>(x.classes));
    std::vector<std::uint32_t> d_log_p(log_p.size());
    for (std::int64_t r = 0; r < x.count; ++r) {
      if (!x.is_kept(r)) continue;
      detail::log_softmax_row(s, x.logits(r), log_p);
      for (std::size_t v = 0; v < log_p.size(); ++v) {
        const detail::word target = x.target(r, v);
        d_log_p[v] = magnitude(target) == 0 ? 0U : s.mul_vjp_a({log_p[v]}, target, d_loss).bits;
      }
      detail::log_softmax_row_vjp(s, x.logits(r), d_log_p, row(dx, x.classes, r));
    }
    return {std::move(dx)};
  }

 protected:
  /// The operands, checked, and the targets that the host computes.
  struct rows {
    const tensor& x;
    const tensor& labels;
    std::int64_t count;
    std::int64_t classes;
    detail::word right;  ///< target of the true class
    detail::word wrong;

    explicit rows(const layer_call& c)
        : x(c.inputs[0]), labels(c.inputs[1]), count(0), classes(0), right{}, wrong{} {
      c.require(x.shape.size() == 2, "x needs two axes, rows and classes");
      count = x.shape[0];
      classes = x.shape[1];
      require_shape(c, "classes", labels, std::span(x.shape).first(1));
      for (const std::uint32_t k : labels.encodings) {
        c.require(k == kIgnored || k < static_cast<std::uint64_t>(classes),
                  "class " + std::to_string(k) + " is none of " + std::to_string(classes) +
                      " (FFFFFFFF ignores a row)");
      }
      const double eps = c.attribute("smoothing");
      const auto number = static_cast<double>(classes);
      const std::int64_t fairseq = c.count("fairseq", 0);
      c.require(fairseq <= 1, "fairseq must be 0 or 1");
      right = detail::from_host(fairseq == 1 ? 1 - eps : 1 - eps + eps / number);
      wrong = detail::from_host(fairseq == 1 ? eps / (number - 1) : eps / number);
    }

    detail::word_row logits(std::int64_t r) const { return row(x, classes, r); }
    bool is_kept(std::int64_t r) const {
      return labels.encodings[static_cast<std::size_t>(r)] != kIgnored;
    }
    detail::word target(std::int64_t r, std::size_t v) const {
      return labels.encodings[static_cast<std::size_t>(r)] == v ? right : wrong;
    }
    detail::word kept() const {
      const auto ignored = std::ranges::count(labels.encodings, kIgnored);
      return detail::from_host(static_cast<double>(count - ignored));
    }
  };

 private:
  /// The row losses, +0 for ignored rows, summed as one row.
  template <class A>
  static detail::word sum_of_losses(const detail::layer_steps<A>& s, const rows& x) {
    std::vector<std::uint32_t> log_p(static_cast<std::size_t>(x.classes));
    std::vector<detail::word> losses;
    for (std::int64_t r = 0; r < x.count; ++r) {
      losses.push_back(detail::kZero);
      if (!x.is_kept(r)) continue;
      detail::log_softmax_row(s, x.logits(r), log_p);
      losses.back() = detail::negated(detail::lane_sum(log_p.size(), [&](std::size_t v) {
        const detail::word target = x.target(r, v);
        return magnitude(target) == 0 ? detail::kZero : s.mul({log_p[v]}, target);
      }));
    }
    return detail::lane_sum(losses.size(), [&](std::size_t r) { return losses[r]; });
  }
};

}  // namespace pamkit::layer
