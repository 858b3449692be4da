#pragma once

#include "pamkit/layer_definition.hpp"

namespace pamkit::layer {

/// pam(pad(c, pasqrt(var + eps)), gain) + bias of each row, c = x - mean(x), var = mean(pam(c, c)).
struct layer_norm {
  static constexpr std::string_view name = "layer_norm";
  static constexpr layer_operand inputs[] = {{.name = "x", .is_differentiable = true},
                                             {.name = "gain", .is_differentiable = true},
                                             {.name = "bias", .is_differentiable = true}};
  static constexpr layer_operand outputs[] = {{.name = "y"}};
  static constexpr layer_attribute attributes[] = {
      {.name = "eps", .otherwise = 1e-5, .meaning = "added to the variance"}};
  template <class A>
  static constexpr bool is_defined = detail::has_functions<A>;

  template <class A>
  static std::vector<tensor> forward(const layer_call& c) {
    const auto s = c.steps<A>();
    const row_layout l = checked_rows(c);
    tensor y = tensor_of_shape(c.inputs[0].shape);
    for (std::int64_t r = 0; r < l.rows; ++r) {
      const normalised_row<A> n(s, row(c.inputs[0], l.length, r), c.attribute("eps"));
      const auto out = row(y, l.length, r);
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = detail::add(s.mul(n.quotient(i), gain(c, i)), {c.inputs[2].encodings[i]}).bits;
      }
    }
    return {std::move(y)};
  }

  template <class A>
  static std::vector<tensor> vjp(const layer_call& c) {
    const auto s = c.steps<A>();
    const row_layout l = checked_rows(c);
    const tensor& d = c.inputs[3];
    require_shape(c, "d_y", d, c.inputs[0].shape);
    tensor dx = tensor_of_shape(c.inputs[0].shape);
    // What each row adds to the derivative of the gain.
    tensor d_gain_terms = tensor_of_shape(c.inputs[0].shape);
    for (std::int64_t r = 0; r < l.rows; ++r) {
      const normalised_row<A> n(s, row(c.inputs[0], l.length, r), c.attribute("eps"));
      const detail::word_row incoming = row(d, l.length, r);
      std::vector<detail::word> d_quotient(incoming.size());
      const auto gain_terms = row(d_gain_terms, l.length, r);
      for (std::size_t i = 0; i < incoming.size(); ++i) {
        d_quotient[i] = s.mul_vjp_a(n.quotient(i), gain(c, i), {incoming[i]});
        gain_terms[i] = s.mul_vjp_b(n.quotient(i), gain(c, i), {incoming[i]}).bits;
      }
      n.vjp(d_quotient, row(dx, l.length, r));
    }
    return {std::move(dx), column_sums(d_gain_terms, l), column_sums(d, l)};
  }

 protected:
  static row_layout checked_rows(const layer_call& c) {
    const row_layout l = rows_of(c, c.inputs[0]);
    const std::int64_t parameters[] = {l.length};
    require_shape(c, "gain", c.inputs[1], parameters);
    require_shape(c, "bias", c.inputs[2], parameters);
    return l;
  }

 private:
  static detail::word gain(const layer_call& c, std::size_t i) {
    return {c.inputs[1].encodings[i]};
  }

  /// c / pasqrt(var + eps) of one row, and its vjp towards x.
  template <class A>
  struct normalised_row {
    const detail::layer_steps<A>& s;
    detail::row_mean<A> mean;
    std::vector<detail::word> centred;
    detail::row_mean<A> variance;
    detail::word shifted;  ///< var + eps
    detail::word root;

    normalised_row(const detail::layer_steps<A>& steps, detail::word_row x, double eps)
        : s(steps),
          mean(s, detail::lane_sum(x), x.size()),
          centred(centre(x, mean.mean)),
          variance(s, square_sum(), x.size()),
          shifted(detail::add(variance.mean, detail::from_host(eps))),
          root(s.sqrt(shifted)) {}

    detail::word quotient(std::size_t i) const { return s.div(centred[i], root); }

    /// c is used by the square first and by the quotient last; x by the mean first and by the
    /// subtraction last.
    void vjp(const std::vector<detail::word>& d_quotient, std::span<std::uint32_t> dx) const {
      const std::size_t n = centred.size();
      const detail::word d_root = detail::lane_sum(
          n, [&](std::size_t i) { return s.div_vjp_b(centred[i], root, d_quotient[i]); });
      const detail::word d_square = variance.vjp(s, s.sqrt_vjp(shifted, d_root));
      std::vector<detail::word> d_centred(n);
      for (std::size_t i = 0; i < n; ++i) {
        d_centred[i] = detail::add(s.div_vjp_a(centred[i], root, d_quotient[i]),
                                   s.square_vjp(centred[i], d_square));
      }
      const detail::word d_mean =
          detail::lane_sum(n, [&](std::size_t i) { return detail::negated(d_centred[i]); });
      const detail::word d_sum = mean.vjp(s, d_mean);
      for (std::size_t i = 0; i < n; ++i) dx[i] = detail::add(d_centred[i], d_sum).bits;
    }

   private:
    static std::vector<detail::word> centre(detail::word_row x, detail::word mean) {
      std::vector<detail::word> c;
      for (const std::uint32_t e : x) c.push_back(detail::subtract({e}, mean));
      return c;
    }
    detail::word square_sum() const {
      return detail::lane_sum(centred.size(),
                              [&](std::size_t i) { return s.mul(centred[i], centred[i]); });
    }
  };

  static tensor column_sums(const tensor& terms, const row_layout& l) {
    tensor sums = tensor_of_shape({l.length});
    for (std::int64_t i = 0; i < l.length; ++i) {
      sums.encodings[static_cast<std::size_t>(i)] =
          detail::block_sum(l.rows, [&](std::int64_t r) {
            return detail::word{row(terms, l.length, r)[static_cast<std::size_t>(i)]};
          }).bits;
    }
    return sums;
  }
};

}  // namespace pamkit::layer
