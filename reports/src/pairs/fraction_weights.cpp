#include "pairs/fraction_weights.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace pamkit::reports {
namespace {

using real = long double;

constexpr real kLn2 = std::numbers::ln2_v<real>;

// 1 + i/M
real significand(std::uint32_t i, std::uint32_t M) { return 1 + static_cast<real>(i) / M; }

// log2((x + h/2) / (x - h/2)) = 2 atanh(z) / ln 2, z = h u / 2 <= 2^-5 with u = 1/x: the series up
// to z^13 leaves out z^14 / 15, relatively below 2^-73. At x = 1 the cell reaches only h/4 down.
real cell_weight(std::uint32_t i, real u, real h) {
  if (i == 0) return (std::log1p(h / 2) - std::log1p(-h / 4)) / kLn2;
  constexpr real kOverLn2 = 1 / kLn2;
  const real z = h * u / 2;
  if (h > 1 / 16.0L) return 2 * std::atanh(z) * kOverLn2;
  const real q = z * z;
  const real series =
      1 + q * (1 / 3.0L +
               q * (1 / 5.0L + q * (1 / 7.0L + q * (1 / 9.0L + q * (1 / 11.0L + q / 13.0L)))));
  return 2 * z * series * kOverLn2;
}

// A product needs the sums of w(j) y^-p, p = 0, 1, 2; a quotient those of w(j) y^p, p = 0, 1, 2,
// 3, 4.

template <pair_kind Kind>
constexpr std::size_t kPowers = Kind == pair_kind::product ? 3 : 5;

template <pair_kind Kind>
using powers = std::array<real, kPowers<Kind>>;

// A sum in runs of 2^12 terms: for 2^23 terms of one sign its relative error is at most 2^-51, and
// about 2^-57 as rounding errors go. Several times as fast as a compensated sum.
class run_sum {
 public:
  void add(real term) {
    run_ += term;
    if (++terms_ != kRun) return;
    runs_ += run_;
    run_ = 0;
    terms_ = 0;
  }
  real value() const { return runs_ + run_; }

 private:
  static constexpr int kRun = 4096;
  real runs_ = 0;
  real run_ = 0;
  int terms_ = 0;
};

template <pair_kind Kind>
using power_totals = std::array<run_sum, kPowers<Kind>>;

// What is known of one fraction: its significand, and its weight in a log-uniform mean.
struct weighted_fraction {
  real y;
  real u;  // 1/y
  real loguniform;

  weighted_fraction(std::uint32_t j, std::uint32_t M)
      : y(significand(j, M)), u(1 / y), loguniform(cell_weight(j, u, 1 / static_cast<real>(M))) {}
};

// The sums over j < limit with either weight; the limit only grows.
template <pair_kind Kind>
class running_moments {
 public:
  explicit running_moments(std::uint32_t M) : M_(M) {}

  void advance(std::int64_t limit) {
    const auto end = static_cast<std::uint32_t>(std::clamp<std::int64_t>(limit, 0, M_));
    for (; next_ < end; ++next_) {
      const weighted_fraction fraction(next_, M_);
      const real factor = Kind == pair_kind::product ? fraction.u : fraction.y;
      real power = 1;
      for (std::size_t p = 0; p < kPowers<Kind>; ++p) {
        uniform_[p].add(power);
        loguniform_[p].add(power * fraction.loguniform);
        power *= factor;
      }
    }
  }
  powers<Kind> uniform() const { return values(uniform_); }
  powers<Kind> loguniform() const { return values(loguniform_); }

 private:
  static powers<Kind> values(const power_totals<Kind>& totals) {
    powers<Kind> v{};
    for (std::size_t p = 0; p < v.size(); ++p) v[p] = totals[p].value();
    return v;
  }

  std::uint32_t M_;
  std::uint32_t next_ = 0;
  power_totals<Kind> uniform_{};
  power_totals<Kind> loguniform_{};
};

// The sums over one class of y (those whose result has the scale 2^k) for one x, u = 1/x.
template <pair_kind Kind>
pair_sums class_sums(real u, real f, int k, real scale, const powers<Kind>& p) {
  if constexpr (Kind == pair_kind::product) {
    const real g = f - 1 - static_cast<real>(k);
    return {.count = p[0],
            .ratio = scale * (p[1] + (p[0] + g * p[1]) * u),
            .square = scale * scale *
                      (p[2] + 2 * (p[1] + g * p[2]) * u +
                       (p[0] + 2 * g * p[1] + g * g * p[2]) * (u * u))};
  } else {
    const real g = 1 - f - static_cast<real>(k);
    return {.count = p[0],
            .ratio = scale * (p[1] + (g * p[1] - p[2]) * u),
            .square = scale * scale *
                      (p[2] + 2 * (g * p[2] - p[3]) * u +
                       (g * g * p[2] - 2 * g * p[3] + p[4]) * (u * u))};
  }
}

class class_total {
 public:
  void add(real w, const pair_sums& s) {
    count_.add(w * s.count);
    ratio_.add(w * s.ratio);
    square_.add(w * s.square);
  }
  pair_sums value(real divisor) const {
    return {count_.value() / divisor, ratio_.value() / divisor, square_.value() / divisor};
  }

 private:
  run_sum count_;
  run_sum ratio_;
  run_sum square_;
};

// The three classes of one row's y: those below the first threshold, between the two, and above.
template <pair_kind Kind>
std::array<powers<Kind>, 3> classes_of(const powers<Kind>& below, const powers<Kind>& below_second,
                                       const powers<Kind>& all) {
  std::array<powers<Kind>, 3> classes{below, below_second, all};
  for (std::size_t p = 0; p < below.size(); ++p) {
    classes[1][p] -= below[p];
    classes[2][p] -= below_second[p];
  }
  return classes;
}

template <pair_kind Kind>
pair_class_sums sum_all_pairs(std::uint32_t M, std::uint32_t c) {
  constexpr bool kProduct = Kind == pair_kind::product;
  running_moments<Kind> whole(M);
  whole.advance(M);
  running_moments<Kind> first(M);
  running_moments<Kind> second(M);
  const real f = static_cast<real>(c) / M;
  std::array<class_total, 3> uniform;
  std::array<class_total, 3> loguniform;
  for (std::uint32_t step = 0; step < M; ++step) {
    // x runs so that both thresholds grow: a product's are at j = M - c - i, a quotient's at i - c
    // + 1, and both again M further.
    const std::uint32_t i = kProduct ? M - 1 - step : step;
    const std::int64_t threshold = kProduct ? std::int64_t{M} - c - i : std::int64_t{i} - c + 1;
    first.advance(threshold);
    second.advance(threshold + M);
    const auto equal = classes_of<Kind>(first.uniform(), second.uniform(), whole.uniform());
    const auto weighted =
        classes_of<Kind>(first.loguniform(), second.loguniform(), whole.loguniform());
    // With j the exponent of a product rises, k = 0, 1, 2; that of a quotient falls, k = 0, -1, -2.
    const weighted_fraction x(i, M);
    for (std::size_t n = 0; n < uniform.size(); ++n) {
      const int k = kProduct ? static_cast<int>(n) : -static_cast<int>(n);
      const real scale = kProduct ? static_cast<real>(1 << n) : 1 / static_cast<real>(1 << n);
      uniform[n].add(1, class_sums<Kind>(x.u, f, k, scale, equal[n]));
      loguniform[n].add(x.loguniform, class_sums<Kind>(x.u, f, k, scale, weighted[n]));
    }
  }
  pair_class_sums sums;
  const real pairs = static_cast<real>(M) * M;
  for (std::size_t n = 0; n < uniform.size(); ++n) {
    sums.uniform[n] = uniform[n].value(pairs);
    sums.loguniform[n] = loguniform[n].value(1);
  }
  return sums;
}

}  // namespace

long double loguniform_weight(std::uint32_t i, std::uint32_t M) {
  return cell_weight(i, 1 / significand(i, M), 1 / static_cast<real>(M));
}

pair_class_sums sum_pair_classes(pair_kind kind, std::uint32_t M, std::uint32_t c) {
  return kind == pair_kind::product ? sum_all_pairs<pair_kind::product>(M, c)
                                    : sum_all_pairs<pair_kind::quotient>(M, c);
}

pair_means means_of(const std::array<pair_sums, 3>& classes,
                    const std::array<long double, 3>& weights) {
  pair_sums all;
  for (std::size_t k = 0; k < classes.size(); ++k) {
    all.count += weights[k] * classes[k].count;
    all.ratio += weights[k] * classes[k].ratio;
    all.square += weights[k] * classes[k].square;
  }
  const real mean_ratio = all.ratio / all.count;
  return {.mean = mean_ratio - 1, .rms = std::sqrt(all.square / all.count - 2 * mean_ratio + 1)};
}

}  // namespace pamkit::reports
