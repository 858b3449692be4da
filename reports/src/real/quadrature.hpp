#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
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
      long double x = std::cos(std::numbers::pi_v<long double> * (static_cast<long double>(i) + 0.75L) /
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

/// Several integrals at once.
template <std::size_t K>
using integrals = std::array<long double, K>;

/// Integrates a vector-valued function with the rule of 16 nodes: a panel is halved until it and
/// its halves agree. For 1/(1+y) on a panel of length h the rule's remainder is at most h^33 (16!)^4
/// / (33 (32!)^2) < 1e-19 h, so that panels of the functions here are rarely halved but at kinks.
template <std::size_t K>
class panel_integral {
 public:
  static constexpr std::size_t kNodes = 16;

  template <class F>
  integrals<K> operator()(const F& f, std::vector<long double> edges) const {
    integrals<K> total{};
    for (std::size_t n = 0; n + 1 < edges.size(); ++n) {
      if (!(edges[n + 1] > edges[n])) continue;
      add(total, refined(f, edges[n], edges[n + 1], once(f, edges[n], edges[n + 1]), 0));
    }
    return total;
  }
  /// Without halving: for integrands known to be smooth between the edges.
  template <class F>
  integrals<K> once(const F& f, long double from, long double to) const {
    static const gauss_legendre<kNodes> rule;
    integrals<K> total{};
    const long double middle = (from + to) / 2;
    const long double half = (to - from) / 2;
    for (std::size_t i = 0; i < kNodes; ++i) {
      const integrals<K> v = f(middle + half * rule.node[i]);
      for (std::size_t k = 0; k < K; ++k) total[k] += half * rule.weight[i] * v[k];
    }
    return total;
  }

 private:
  static constexpr long double kAgreement = 1e-18L;
  static constexpr int kDeepest = 40;

  static void add(integrals<K>& total, const integrals<K>& part) {
    for (std::size_t k = 0; k < K; ++k) total[k] += part[k];
  }
  template <class F>
  integrals<K> refined(const F& f, long double from, long double to, const integrals<K>& whole,
                       int depth) const {
    const long double middle = (from + to) / 2;
    const integrals<K> left = once(f, from, middle);
    const integrals<K> right = once(f, middle, to);
    integrals<K> sum = left;
    add(sum, right);
    bool agree = true;
    for (std::size_t k = 0; k < K; ++k) {
      agree = agree && std::abs(sum[k] - whole[k]) <= kAgreement * (1 + std::abs(sum[k]));
    }
    if (agree || depth == kDeepest) return sum;
    sum = refined(f, from, middle, left, depth + 1);
    add(sum, refined(f, middle, to, right, depth + 1));
    return sum;
  }
};

}  // namespace pamkit::reports
