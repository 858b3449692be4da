#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

namespace pamkit::reports {

/// The nodes and weights of a Gauss-Legendre rule on [-1, 1], by Newton's method from the usual
/// estimates of the roots.
template <std::size_t N>
struct gauss_legendre {
  std::array<long double, N> node{};
  std::array<long double, N> weight{};

  gauss_legendre() {
    for (std::size_t i = 0; i < N; ++i) {
      long double x =
          std::cos(std::numbers::pi_v<long double> * (static_cast<long double>(i) + 0.75L) /
                   (static_cast<long double>(N) + 0.5L));
      long double slope = 0;
      constexpr int kSteps = 8;  // doubles the right digits of a good estimate each time
      for (int step = 0; step < kSteps; ++step) {
        long double before = 1;
        long double p = x;
        for (std::size_t n = 2; n <= N; ++n) {
          const auto k = static_cast<long double>(n);
          const long double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
          before = p;
          p = next;
        }
        slope = static_cast<long double>(N) * (x * p - before) / (x * x - 1);
        x -= p / slope;
      }
      node[i] = x;
      weight[i] = 2 / ((1 - x * x) * slope * slope);
    }
  }
};

/// Integrates a function with the rule of 16 nodes: a panel is halved until it and its halves agree
/// to 1e-18. That is an estimate of the remainder and no bound of it.
class panel_integral {
 public:
  static constexpr std::size_t kNodes = 16;

  template <class F>
  long double operator()(const F& f, std::vector<long double> edges) const {
    long double total = 0;
    for (std::size_t n = 0; n + 1 < edges.size(); ++n) {
      if (!(edges[n + 1] > edges[n])) continue;
      total += refined(f, edges[n], edges[n + 1], once(f, edges[n], edges[n + 1]), 0);
    }
    return total;
  }
  /// Without halving: for integrands known to be smooth between the edges.
  template <class F>
  long double once(const F& f, long double from, long double to) const {
    static const gauss_legendre<kNodes> rule;
    long double total = 0;
    const long double middle = (from + to) / 2;
    const long double half = (to - from) / 2;
    for (std::size_t i = 0; i < kNodes; ++i) {
      total += half * rule.weight[i] * f(middle + half * rule.node[i]);
    }
    return total;
  }

 private:
  static constexpr long double kAgreement = 1e-18L;
  static constexpr int kDeepest = 40;

  template <class F>
  long double refined(const F& f, long double from, long double to, long double whole,
                      int depth) const {
    const long double middle = (from + to) / 2;
    const long double left = once(f, from, middle);
    const long double right = once(f, middle, to);
    const long double sum = left + right;
    if (std::abs(sum - whole) <= kAgreement * (1 + std::abs(sum)) || depth == kDeepest) return sum;
    return refined(f, from, middle, left, depth + 1) + refined(f, middle, to, right, depth + 1);
  }
};

}  // namespace pamkit::reports
