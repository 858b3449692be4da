#include <algorithm>
#include <vector>

#include "real/real_pairs.hpp"

namespace pamkit::reports {
namespace {

using reference::rational;

rational ratio(std::int64_t p, std::int64_t q) { return rational(p) / rational(q); }

struct exact_pair {
  pair_kind kind;
  rational f;

  bool product() const { return kind == pair_kind::product; }
  rational sum(const rational& x, const rational& y) const {
    return product() ? x + y + f : x - y - f;
  }
  rational result(const rational& x, const rational& y, std::int64_t k) const {
    return (rational(1) + sum(x, y) - rational(k)).scaled(k);
  }
  rational result(const rational& x, const rational& y) const {
    return result(x, y, static_cast<std::int64_t>(sum(x, y).floor()));
  }
  rational ordinary(const rational& x, const rational& y) const {
    const rational a = rational(1) + x;
    const rational b = rational(1) + y;
    return product() ? a * b : a / b;
  }
  rational error(const rational& x, const rational& y) const {
    return result(x, y) / ordinary(x, y) - rational(1);
  }
};

using point = std::pair<rational, rational>;

// Where the extremes can lie: see the header.
std::vector<point> candidates(const exact_pair& pair) {
  const rational zero = 0;
  const rational one = 1;
  const rational half = ratio(1, 2);
  std::vector<point> points = {{half, half}, {zero, zero}, {zero, one}, {one, zero}, {one, one}};
  const auto add = [&](const rational& x, const rational& y) {
    if (x >= zero && x <= one && y >= zero && y <= one) points.emplace_back(x, y);
  };
  for (const std::int64_t k : {-2, -1, 0, 1, 2}) {
    // The line where the sum is k: Fx + Fy = k - f, or Fx - Fy = k + f.
    const rational s = pair.product() ? rational(k) - pair.f : rational(k) + pair.f;
    for (const rational& side : {zero, one}) {
      add(side, pair.product() ? s - side : side - s);
      add(pair.product() ? s - side : s + side, side);
      // The vertex of (1 + Fx - Fy - f - k) (1 + Fy).
      if (!pair.product()) add(side, (side - pair.f - rational(k)) * half);
    }
    if (pair.product()) add(s * half, s * half);
  }
  return points;
}

// Exact for polynomials of degree 3.
template <class F>
rational simpson(const rational& from, const rational& to, const F& f) {
  const rational middle = (from + to) * ratio(1, 2);
  return (to - from) * ratio(1, 6) * (f(from) + rational(4) * f(middle) + f(to));
}

// Exact for polynomials of degree 5.
template <class F>
rational boole(const rational& from, const rational& to, const F& f) {
  const rational h = (to - from) * ratio(1, 4);
  return (to - from) * ratio(1, 90) *
         (rational(7) * (f(from) + f(to)) + rational(32) * (f(from + h) + f(to - h)) +
          rational(12) * f(from + h + h));
}

// The integral over the square of result * weight, weight of degree 1 in either fraction.
template <class Weight>
rational integral(const exact_pair& pair, const Weight& weight) {
  const auto clamped = [](const rational& y) { return std::clamp(y, rational(0), rational(1)); };
  rational total = 0;
  for (std::int64_t k = 0; k <= 2; ++k) {
    // The part with the sum in [k, k + 1), between lines that meet the square's sides at 0, 1 - f
    // and 1.
    const std::vector<rational> edges = {rational(0), rational(1) - pair.f, rational(1)};
    for (std::size_t n = 0; n + 1 < edges.size(); ++n) {
      total = total + boole(edges[n], edges[n + 1], [&](const rational& x) {
                return simpson(clamped(rational(k) - pair.f - x),
                               clamped(rational(k + 1) - pair.f - x), [&](const rational& y) {
                                 return pair.result(x, y, k) * weight(x, y);
                               });
              });
    }
  }
  return total;
}

}  // namespace

real_range real_error_range(pair_kind kind, const rational& compensation) {
  const exact_pair pair{kind, compensation};
  real_range range;
  for (const auto& [x, y] : candidates(pair)) {
    const rational error = pair.error(x, y);
    const rational distance = reference::abs(pair.result(x, y) - pair.ordinary(x, y));
    if (range.cases == 0 || error < range.least.error) range.least = {error, x, y};
    if (range.cases == 0 || error > range.greatest.error) range.greatest = {error, x, y};
    range.worst = std::max(range.worst, distance);
    ++range.cases;
  }
  return range;
}

real_product_ratios exact_product_ratios(const rational& compensation) {
  const exact_pair pair{pair_kind::product, compensation};
  const rational results = integral(pair, [](const rational&, const rational&) { return rational(1); });
  const rational mixed = integral(pair, [&](const rational& x, const rational& y) {
    return pair.ordinary(x, y);
  });
  // The integral of 1 + F is 3/2, that of its square 7/3.
  return {.mean_ratio = results / ratio(9, 4), .gain = mixed / ratio(49, 9)};
}

}  // namespace pamkit::reports
