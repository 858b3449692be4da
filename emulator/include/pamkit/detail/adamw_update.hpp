#pragma once

#include "pamkit/detail/layer_steps.hpp"

namespace pamkit::detail {

/// One element of a parameter and its two moments.
struct adamw_element {
  word parameter, m, v;
};

/// layer::adamw_step on one element with gradient g; the scalars b1, b2, rest1, rest2, eps, decay
/// and step are members of h.
template <class A, class Scalars>
PAMKIT_HD adamw_element adamw_update(const layer_steps<A>& s, const Scalars& h,
                                     const adamw_element& old, word g) {
  const word p = old.parameter;
  const word m = add(s.mul(old.m, h.b1), s.mul(g, h.rest1));
  const word v = add(s.mul(old.v, h.b2), s.mul(s.mul(g, g), h.rest2));
  const word direction = s.div(m, add(s.sqrt(v), h.eps));
  const word decayed = subtract(p, s.mul(p, h.decay));
  return {subtract(decayed, s.mul(direction, h.step)), m, v};
}

}  // namespace pamkit::detail
