#include "real/real_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <utility>

#include "real/closed_integrals.hpp"
#include "real/quadrature.hpp"

namespace pamkit::reports {
namespace {

// A sum of c X^a Y^b, by (a, b), in the operands X = 1 + Fx and Y = 1 + Fy.
using polynomial = std::map<std::pair<int, int>, high_precision>;

polynomial operator*(const polynomial& p, const polynomial& q) {
  polynomial product;
  for (const auto& [m, c] : p) {
    for (const auto& [n, d] : q) product[{m.first + n.first, m.second + n.second}] += c * d;
  }
  return product;
}

polynomial less_one(polynomial p) {
  p[{0, 0}] -= 1;
  return p;
}

high_precision integral(const polynomial& p, const strip& s) {
  high_precision sum = 0;
  for (const auto& [m, c] : p) {
    if (c != 0) sum += c * moment(s, m.first, m.second);
  }
  return sum;
}

polynomial monomial(int a, int b, const high_precision& c = 1) { return {{{a, b}, c}}; }

// The formula 2^k (1 + s - k) of results, s = Fx + Fy + f or Fx - Fy - f, and where it holds.
struct piece {
  int k;
  strip where;
};

std::vector<piece> pieces_of(pair_kind kind, const high_precision& f) {
  const border one{1};
  const border two{2};
  const auto line = [&](const high_precision& c) {
    return border{c, kind == pair_kind::product ? -1 : 1};
  };
  if (kind == pair_kind::product) {
    const high_precision turn = 2 - f;
    return {{0, {1, turn, one, line(3 - f)}},
            {1, {1, turn, line(3 - f), two}},
            {1, {turn, 2, one, line(4 - f)}},
            {2, {turn, 2, line(4 - f), two}}};
  }
  const high_precision turn = 1 + f;
  return {{-1, {1, turn, one, line(1 - f)}},
          {-2, {1, turn, line(1 - f), two}},
          {0, {turn, 2, one, line(-f)}},
          {-1, {turn, 2, line(-f), two}}};
}

// What is integrated over the square.
struct pair_integrals {
  high_precision error = 0;
  high_precision ratio_loguniform = 0;
  high_precision square = 0;
  high_precision square_slope = 0;
  high_precision result = 0;
  high_precision ordinary = 0;
  high_precision mixed = 0;
  high_precision ordinary_square = 0;
};

pair_integrals integrate(pair_kind kind, const high_precision& f) {
  const bool product = kind == pair_kind::product;
  const high_precision ln2 = log(high_precision(2));
  const polynomial ordinary = monomial(1, product ? 1 : -1);
  const polynomial inverse = monomial(-1, product ? -1 : 1);
  const polynomial density = monomial(-1, -1, 1 / (ln2 * ln2));
  pair_integrals v;
  for (const piece& p : pieces_of(kind, f)) {
    const high_precision scale = ldexp(high_precision(1), p.k);
    const polynomial result = {{{1, 0}, scale},
                               {{0, 1}, product ? scale : -scale},
                               {{0, 0}, scale * (product ? f - 1 - p.k : 1 - f - p.k)}};
    const polynomial ratio = result * inverse;
    const polynomial error = less_one(ratio);
    const polynomial slope = monomial(0, 0, product ? scale : -scale) * inverse;
    v.error += integral(error, p.where);
    v.ratio_loguniform += integral(ratio * density, p.where);
    v.square += integral(error * error, p.where);
    v.square_slope += 2 * integral(error * slope, p.where);
    v.result += integral(result, p.where);
    v.ordinary += integral(ordinary, p.where);
    v.mixed += integral(result * ordinary, p.where);
    v.ordinary_square += integral(ordinary * ordinary, p.where);
  }
  return v;
}

using real = long double;

// The same formula where it is evaluated point by point.
struct real_pair {
  pair_kind kind;
  real f;

  bool product() const { return kind == pair_kind::product; }
  real sum(real x, real y) const { return product() ? x + y + f : x - y - f; }
  real result(real x, real y, int k) const {
    return std::ldexp(1 + sum(x, y) - static_cast<real>(k), k);
  }
  real ordinary(real x, real y) const { return product() ? (1 + x) * (1 + y) : (1 + x) / (1 + y); }

  // Ends in y of pieces, and of the runs on which result - ordinary has one sign.
  std::vector<real> edges(real x) const {
    std::vector<real> inner;
    const auto add = [&](real y) {
      if (y > 0 && y < 1) inner.push_back(y);
    };
    for (const int n : {0, 1, 2})
      add(product() ? static_cast<real>(n) - x - f : x - f + static_cast<real>(n));
    for (const int k : {-2, -1, 0, 1, 2}) {
      const real scale = std::ldexp(1.0L, k);
      const real c = 1 + x + (product() ? f : -f) - static_cast<real>(k);
      if (product()) {
        // scale (c + y) = (1 + x) (1 + y)
        if (scale != 1 + x) add((1 + x - scale * c) / (scale - 1 - x));
      } else {
        // scale (c - y) (1 + y) = 1 + x
        const real b = (c - 1) / 2;
        const real d = b * b - ((1 + x) / scale - c);
        if (d < 0) continue;
        add(b - std::sqrt(d));
        add(b + std::sqrt(d));
      }
    }
    inner.push_back(0);
    inner.push_back(1);
    std::ranges::sort(inner);
    return inner;
  }
};

real row_distance(const real_pair& pair, real x, std::uint64_t& evaluations) {
  const panel_integral integrate;
  const std::vector<real> edges = pair.edges(x);
  real total = 0;
  for (std::size_t n = 0; n + 1 < edges.size(); ++n) {
    if (!(edges[n + 1] > edges[n])) continue;
    const int k = static_cast<int>(std::floor(pair.sum(x, (edges[n] + edges[n + 1]) / 2)));
    const auto at = [&](real y) {
      ++evaluations;
      return std::abs(pair.result(x, y, k) - pair.ordinary(x, y));
    };
    total += integrate.once(at, edges[n], edges[n + 1]);
  }
  return total;
}

// A root of a function with values of different signs at 0 and 1/4, by false position with the
// Illinois correction. Throws std::logic_error unless the sign changes within kRootWidth of what is
// found.
template <class F>
real root_of(const F& function) {
  real low = 0;
  real high = 0.25L;
  real at_low = function(low);
  real at_high = function(high);
  const bool rises = at_high > at_low;
  int side = 0;
  constexpr int kMostSteps = 100;
  constexpr real kWidth = 1e-18L;
  real found = (low + high) / 2;
  for (int step = 0; step < kMostSteps && high - low > kWidth && at_high != at_low; ++step) {
    found = (low * at_high - high * at_low) / (at_high - at_low);
    const real at_found = function(found);
    if (std::abs(at_found) < kWidth) break;
    if ((at_found > 0) == (at_high > 0)) {
      high = found;
      at_high = at_found;
      if (side == 1) at_low /= 2;
      side = 1;
    } else {
      low = found;
      at_low = at_found;
      if (side == -1) at_high /= 2;
      side = -1;
    }
  }
  const real before = function(found - kRootWidth);
  const real after = function(found + kRootWidth);
  if (!(rises ? before < 0 && after > 0 : before > 0 && after < 0)) {
    throw std::logic_error("report: a compensation that was found is no root");
  }
  return found;
}

}  // namespace

real_pair_means real_means(pair_kind kind, const high_precision& compensation) {
  const pair_integrals v = integrate(kind, compensation);
  const auto rounded = [](const high_precision& value) { return static_cast<real>(value); };
  return {.mean = rounded(v.error),
          .mean_loguniform = rounded(v.ratio_loguniform - 1),
          .rms = rounded(sqrt(v.square)),
          .mean_square = rounded(v.square),
          .mean_difference = rounded(v.result - v.ordinary),
          .mean_ratio = rounded(v.result / v.ordinary),
          .gain = rounded(v.mixed / v.ordinary_square),
          .square_slope = rounded(v.square_slope)};
}

real_greatest_distance greatest_quotient_distance(const high_precision& compensation) {
  real_greatest_distance greatest;
  const auto look_at = [&](const high_precision& x, const high_precision& y, int k) {
    const high_precision result = ldexp(x - y + 1 - compensation - k, k);
    greatest.value = std::max<high_precision>(greatest.value, abs(result - x / y));
    ++greatest.cases;
  };
  for (const piece& p : pieces_of(pair_kind::quotient, compensation)) {
    for (const high_precision& x : {p.where.from, p.where.to}) {
      const high_precision low = p.where.low.c + p.where.low.slope * x;
      const high_precision high = p.where.high.c + p.where.high.slope * x;
      look_at(x, low, p.k);
      look_at(x, high, p.k);
      const high_precision turn = sqrt(ldexp(x, -p.k));
      if (turn > low && turn < high) look_at(x, turn, p.k);
    }
  }
  return greatest;
}

real_mean_distance quadrature_of_distance(pair_kind kind, long double compensation) {
  const real_pair pair{kind, compensation};
  const panel_integral integrate;
  real_mean_distance distance;
  distance.value = integrate([&](real x) { return row_distance(pair, x, distance.evaluations); },
                             {0, pair.product() ? 1 - compensation : compensation, 1});
  return distance;
}

found_offsets find_offsets(pair_kind kind) {
  const auto from_real = [](real f) {
    return reference::rational::from_high_precision(reference::high_precision(f));
  };
  found_offsets found;
  found.zero_mean = root_of([&](real f) { return real_means(kind, f).mean; });
  found.minimax = root_of([&](real f) {
    const real_range range = real_error_range(kind, from_real(f));
    return static_cast<real>((range.least.error + range.greatest.error).to_high_precision());
  });
  found.least_rms = root_of([&](real f) { return real_means(kind, f).square_slope; });
  return found;
}

}  // namespace pamkit::reports
