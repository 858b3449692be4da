#include "fraction_weights.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "compensated_sum.hpp"

namespace pamkit::reports {
namespace {

using real = long double;

constexpr real kLn2 = std::numbers::ln2_v<real>;

// 1 + i/M
real significand(std::uint32_t i, std::uint32_t M) { return 1 + static_cast<real>(i) / M; }

real uniform_weight(std::uint32_t, std::uint32_t M) { return 1 / static_cast<real>(M); }

using weight_function = real (*)(std::uint32_t, std::uint32_t);

// A product needs the sums of w(j) y^-p, p = 0, 1, 2; a quotient those of w(j) y^p, p = 1, 2, 3, 4.
enum class pair_kind : std::uint8_t { product, quotient };

template <pair_kind Kind>
constexpr std::size_t kPowers = Kind == pair_kind::product ? 3 : 4;

template <pair_kind Kind>
using powers = std::array<real, kPowers<Kind>>;

// The sums over j < limit; the limit only grows.
template <pair_kind Kind>
class running_moments {
 public:
  running_moments(weight_function weight, std::uint32_t M) : weight_(weight), M_(M) {}

  void advance(std::int64_t limit) {
    const auto end = static_cast<std::uint32_t>(std::clamp<std::int64_t>(limit, 0, M_));
    for (; next_ < end; ++next_) {
      const real y = significand(next_, M_);
      real term = weight_(next_, M_);
      const real factor = Kind == pair_kind::product ? 1 / y : y;
      if constexpr (Kind == pair_kind::quotient) term *= y;
      for (compensated_sum& sum : sums_) {
        sum.add(term);
        term *= factor;
      }
    }
  }
  powers<Kind> values() const {
    powers<Kind> v{};
    for (std::size_t p = 0; p < v.size(); ++p) v[p] = sums_[p].value();
    return v;
  }

 private:
  weight_function weight_;
  std::uint32_t M_;
  std::uint32_t next_ = 0;
  std::array<compensated_sum, kPowers<Kind>> sums_{};
};

struct ratio_moments {
  real mean = 0;
  real square = 0;
};

// Sums of ratio and ratio^2 over the pairs of one x, u = 1/x, and one class of y: those whose
// result has the scale 2^k.
template <pair_kind Kind>
ratio_moments class_sums(real u, real f, int k, real scale, const powers<Kind>& p) {
  if constexpr (Kind == pair_kind::product) {
    const real g = f - 1 - static_cast<real>(k);
    return {
        scale * (p[1] + (p[0] + g * p[1]) * u),
        scale * scale *
            (p[2] + 2 * (p[1] + g * p[2]) * u + (p[0] + 2 * g * p[1] + g * g * p[2]) * (u * u))};
  } else {
    const real g = 1 - f - static_cast<real>(k);
    return {
        scale * (p[0] + (g * p[0] - p[1]) * u),
        scale * scale *
            (p[1] + 2 * (g * p[1] - p[2]) * u + (g * g * p[1] - 2 * g * p[2] + p[3]) * (u * u))};
  }
}

template <pair_kind Kind>
ratio_moments sum_all_pairs(std::uint32_t M, std::uint32_t c, weight_function weight) {
  constexpr bool kProduct = Kind == pair_kind::product;
  running_moments<Kind> whole(weight, M);
  whole.advance(M);
  const powers<Kind> total = whole.values();
  running_moments<Kind> first(weight, M);
  running_moments<Kind> second(weight, M);
  const real f = static_cast<real>(c) / M;
  compensated_sum mean;
  compensated_sum square;
  for (std::uint32_t step = 0; step < M; ++step) {
    // x runs so that both thresholds grow: a product's are at j = M - c - i, a quotient's at i - c
    // + 1, and both again M further.
    const std::uint32_t i = kProduct ? M - 1 - step : step;
    const std::int64_t threshold = kProduct ? std::int64_t{M} - c - i : std::int64_t{i} - c + 1;
    first.advance(threshold);
    second.advance(threshold + M);
    const powers<Kind> below = first.values();
    const powers<Kind> below_second = second.values();
    powers<Kind> middle{};
    powers<Kind> above{};
    for (std::size_t p = 0; p < below.size(); ++p) {
      middle[p] = below_second[p] - below[p];
      above[p] = total[p] - below_second[p];
    }
    // With j the exponent of a product rises, k = 0, 1, 2; that of a quotient falls, k = 0, -1, -2.
    constexpr int kStep = kProduct ? 1 : -1;
    constexpr real kScale = kProduct ? 2 : 0.5L;
    const real u = 1 / significand(i, M);
    const ratio_moments a = class_sums<Kind>(u, f, 0, 1, below);
    const ratio_moments b = class_sums<Kind>(u, f, kStep, kScale, middle);
    const ratio_moments d = class_sums<Kind>(u, f, 2 * kStep, kScale * kScale, above);
    const real w = weight(i, M);
    mean.add(w * (a.mean + b.mean + d.mean));
    square.add(w * (a.square + b.square + d.square));
  }
  return {mean.value(), square.value()};
}

template <pair_kind Kind>
pair_means all_pair_means(std::uint32_t M, std::uint32_t c) {
  const ratio_moments uniform = sum_all_pairs<Kind>(M, c, uniform_weight);
  const ratio_moments loguniform = sum_all_pairs<Kind>(M, c, loguniform_weight);
  return {.mean = uniform.mean - 1,
          .rms = std::sqrt(uniform.square - 2 * uniform.mean + 1),
          .mean_loguniform = loguniform.mean - 1};
}

}  // namespace

long double loguniform_weight(std::uint32_t i, std::uint32_t M) {
  const real h = 1 / static_cast<real>(M);
  if (i == 0) return (std::log1p(h / 2) - std::log1p(-h / 4)) / kLn2;
  // log((x + h/2) / (x - h/2)) = 2 atanh(z), z = h / 2x <= 2^-5: the series up to z^13 leaves out
  // z^14 / 15, relatively below 2^-73.
  const real z = h / (2 * significand(i, M));
  const real q = z * z;
  const real series =
      1 + q * (1 / 3.0L +
               q * (1 / 5.0L + q * (1 / 7.0L + q * (1 / 9.0L + q * (1 / 11.0L + q / 13.0L)))));
  return 2 * z * series / kLn2;
}

pair_means product_pair_means(std::uint32_t M, std::uint32_t c) {
  return all_pair_means<pair_kind::product>(M, c);
}

pair_means quotient_pair_means(std::uint32_t M, std::uint32_t c) {
  return all_pair_means<pair_kind::quotient>(M, c);
}

}  // namespace pamkit::reports
