#include "real/real_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "real/quadrature.hpp"

namespace pamkit::reports {
namespace {

using real = long double;

constexpr real kLn2 = std::numbers::ln2_v<real>;

// One piece of the definition: for whole k, result 2^k (1 + s - k), s = Fx + Fy + f or Fx - Fy - f.
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
    for (const int n : {0, 1, 2}) add(product() ? static_cast<real>(n) - x - f : x - f + static_cast<real>(n));
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

constexpr std::size_t kIntegrals = 8;
using pair_integrals = integrals<kIntegrals>;

pair_integrals row_integrals(const real_pair& pair, real x, std::uint64_t& evaluations) {
  const panel_integral<kIntegrals> integrate;
  const std::vector<real> edges = pair.edges(x);
  pair_integrals total{};
  for (std::size_t n = 0; n + 1 < edges.size(); ++n) {
    if (!(edges[n + 1] > edges[n])) continue;
    const int k = static_cast<int>(std::floor(pair.sum(x, (edges[n] + edges[n + 1]) / 2)));
    const real scale = std::ldexp(1.0L, k);
    const auto at = [&](real y) {
      ++evaluations;
      const real r = pair.result(x, y, k);
      const real e = pair.ordinary(x, y);
      const real error = r / e - 1;
      const real density = 1 / ((1 + x) * (1 + y) * kLn2 * kLn2);
      const real slope = (pair.product() ? scale : -scale) / e;
      return pair_integrals{error, error * density, error * error, std::abs(r - e),
                            r,     r * e,           e * e,         2 * error * slope};
    };
    const pair_integrals part = integrate.once(at, edges[n], edges[n + 1]);
    for (std::size_t i = 0; i < kIntegrals; ++i) total[i] += part[i];
  }
  return total;
}

}  // namespace

real_pair_means real_means(pair_kind kind, real compensation) {
  const real_pair pair{kind, compensation};
  const panel_integral<kIntegrals> integrate;
  std::uint64_t evaluations = 0;
  const pair_integrals v =
      integrate([&](real x) { return row_integrals(pair, x, evaluations); },
                {0, pair.product() ? 1 - compensation : compensation, 1});
  const real mean_ordinary = pair.product() ? 9 / 4.0L : 3 / 2.0L * kLn2;
  return {.mean = v[0],
          .mean_loguniform = v[1],
          .rms = std::sqrt(v[2]),
          .mean_absolute_error = v[3],
          .mean_ratio = v[4] / mean_ordinary,
          .gain = v[5] / v[6],
          .square_slope = v[7],
          .evaluations = evaluations};
}

found_offsets find_offsets(pair_kind kind) {
  // Each function has values of different signs at 0 and 1/4.
  const auto root = [](auto function) {
    // False position with the Illinois correction.
    real low = 0;
    real high = 0.25L;
    real at_low = function(low);
    real at_high = function(high);
    int side = 0;
    constexpr int kMostSteps = 100;
    constexpr real kWidth = 1e-18L;
    for (int step = 0; step < kMostSteps && high - low > kWidth && at_high != at_low; ++step) {
      const real middle = (low * at_high - high * at_low) / (at_high - at_low);
      const real at_middle = function(middle);
      if (std::abs(at_middle) < kWidth) return middle;
      if ((at_middle > 0) == (at_high > 0)) {
        high = middle;
        at_high = at_middle;
        if (side == 1) at_low /= 2;
        side = 1;
      } else {
        low = middle;
        at_low = at_middle;
        if (side == -1) at_high /= 2;
        side = -1;
      }
    }
    return (low + high) / 2;
  };
  const auto from_real = [](real f) {
    return reference::rational::from_high_precision(reference::high_precision(f));
  };
  found_offsets found;
  found.zero_mean = root([&](real f) { return real_means(kind, f).mean; });
  found.minimax = root([&](real f) {
    const real_range range = real_error_range(kind, from_real(f));
    return static_cast<real>((range.least.error + range.greatest.error).to_high_precision());
  });
  found.least_rms = root([&](real f) { return real_means(kind, f).square_slope; });
  return found;
}

}  // namespace pamkit::reports
