#include "pairs/outcome_bounds.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compensated_sum.hpp"
#include "measurement/quantiles.hpp"
#include "pairs/fraction_weights.hpp"
#include "pairs/wide_sum.hpp"

namespace pamkit::reports {
namespace {

using real = long double;
using reference::integer;
using reference::rational;

constexpr int kExactMeanBits = 7;

// Sums over outcomes whose terms have the denominators x^p y^q, x = M + i and y = M + j, exactly:
// numerators are brought to the least common multiple of all M to 2 M - 1.
class exact_sums {
 public:
  explicit exact_sums(std::int64_t M) : M_(M) {
    for (std::int64_t x = M; x < 2 * M; ++x) common_ = lcm(common_, integer(x));
    for (std::int64_t x = M; x < 2 * M; ++x) cofactors_.emplace_back(common_ / x);
  }

  // Sum of term(outcome), integers below 2^127 in all, over x^p y^q, p and q 0, 1 or 2.
  template <class Term>
  rational sum(const std::vector<pair_outcome>& outcomes, int p, int q, Term term) const {
    std::vector<wide_sum> cells(p == 0 && q == 0 ? 1 : static_cast<std::size_t>(M_ * M_));
    const auto cell = [&](const pair_outcome& o) {
      if (cells.size() == 1) return std::size_t{0};
      return (p == 0 ? 0 : std::size_t{o.i} * static_cast<std::size_t>(M_)) + (q == 0 ? 0 : o.j);
    };
    for (const pair_outcome& o : outcomes) cells[cell(o)].add(term(o));
    integer numerator = 0;
    for (std::size_t n = 0; n < cells.size(); ++n) {
      const integer value = cells[n].value();
      if (value.is_zero()) continue;
      const std::size_t i = n / static_cast<std::size_t>(M_);
      const std::size_t j = n % static_cast<std::size_t>(M_);
      numerator += value * power(cofactors_[i], p) * power(cofactors_[j], q);
    }
    return rational::ratio(numerator, power(common_, p + q));
  }

 private:
  static integer power(const integer& base, int exponent) {
    return exponent == 0 ? integer(1)
                         : boost::multiprecision::pow(base, static_cast<unsigned>(exponent));
  }
  std::int64_t M_;
  integer common_ = 1;
  std::vector<integer> cofactors_;
};

// The numbers that one set of outcomes gives, as bounds.
class outcome_report {
 public:
  outcome_report(const evaluator& evaluate, const pair_outcomes& outcomes, error_domain domain)
      : evaluate_(evaluate),
        list_(outcomes.list),
        note_(outcomes.note),
        over_fractions_(domain == error_domain::fractions),
        product_(evaluate.operation.name == "mul"),
        M_(std::int64_t{1} << evaluate.format.kept_bits) {
    for (const pair_outcome& o : list_) cases_ += o.weight;
  }

  std::vector<bound> bounds() {
    if (cases_ == 0) return {};
    add_extremes();
    add_means();
    add_distances();
    add_quantiles();
    if (over_fractions_) {
      add_worst_case();
      add_magnitudes();
    }
    return std::move(bounds_);
  }

 private:
  static bool is_less(const pair_outcome& a, const pair_outcome& b) {
    return static_cast<int128>(a.result) * b.ordinary < static_cast<int128>(b.result) * a.ordinary;
  }
  static rational exact_error(const pair_outcome& o) {
    return rational(o.result - o.ordinary) / rational(o.ordinary);
  }

  bound& add(const std::string& metric, real value) {
    bounds_.push_back({.metric = metric,
                       .value = static_cast<double>(value),
                       .evidence = evidence_kind::exhaustive,
                       .cases = cases_,
                       .note = note_});
    return bounds_.back();
  }
  bound& add(const std::string& metric, const rational& value) {
    bound& b = add(metric, static_cast<real>(value.to_high_precision()));
    b.exact = fraction_text(value);
    return b;
  }
  void set_operands(bound& b, const pair_outcome& o) const {
    b.operands = {o.a, o.b};
    b.result = o.r;
  }

  void add_extremes() {
    const pair_outcome* least = &list_.front();
    const pair_outcome* greatest = &list_.front();
    for (const pair_outcome& o : list_) {
      if (o.weight == 0) continue;
      if (least->weight == 0 || is_less(o, *least)) least = &o;
      if (greatest->weight == 0 || is_less(*greatest, o)) greatest = &o;
    }
    set_operands(add("min_relative", exact_error(*least)), *least);
    set_operands(add("max_relative", exact_error(*greatest)), *greatest);
  }

  // Of terms over x^p y^q, where the exact sum is wanted.
  template <class Term>
  std::optional<rational> exact_sum(int p, int q, Term term) const {
    if (evaluate_.format.kept_bits > kExactMeanBits) return std::nullopt;
    return sums_.sum(list_, p, q, [&](const pair_outcome& o) {
      return static_cast<int128>(term(o)) * o.weight;
    });
  }

  void add_means() {
    const auto n = static_cast<real>(cases_);
    const rational cases(static_cast<std::int64_t>(cases_));
    compensated_sum sum;
    compensated_sum squares;
    for (const pair_outcome& o : list_) {
      const real error = o.error();
      sum.add(error * static_cast<real>(o.weight));
      squares.add(error * error * static_cast<real>(o.weight));
    }
    // The ordinary value is 2^4 x y, or 2^4 x M.
    const rational scale =
        rational::power_of_two(pair_outcome::kScale) * (product_ ? rational(1) : rational(M_));
    const auto ratios =
        exact_sum(1, product_ ? 1 : 0, [](const pair_outcome& o) { return o.result; });
    if (ratios) {
      add("mean_relative", *ratios / scale / cases - rational(1));
    } else {
      add("mean_relative", sum.value() / n);
    }
    if (over_fractions_) add_loguniform();
    add("rms_relative", std::sqrt(squares.value() / n));
    const auto ratio_squares = exact_sum(2, product_ ? 2 : 0, [](const pair_outcome& o) {
      return static_cast<int128>(o.result) * o.result;
    });
    if (ratios && ratio_squares) {
      // (r - 1)^2 = r^2 - 2 r + 1; a quotient's unit is M for each power.
      add("mean_square_relative", *ratio_squares / (scale * scale) / cases -
                                      rational(2) * (*ratios / scale / cases) + rational(1));
    } else {
      add("mean_square_relative", squares.value() / n);
    }
  }

  void add_loguniform() {
    std::vector<real> weights;
    for (std::uint32_t i = 0; i < M_; ++i) {
      weights.push_back(loguniform_weight(i, static_cast<std::uint32_t>(M_)));
    }
    compensated_sum sum;
    for (const pair_outcome& o : list_) sum.add(o.error() * weights[o.i] * weights[o.j]);
    add("mean_relative_loguniform", sum.value());
  }

  void add_distances() {
    std::uint64_t rounded = 0;
    std::uint64_t wrong = 0;
    const pair_outcome* farthest = nullptr;
    for (const pair_outcome& o : list_) {
      if (o.ulps == pair_outcome::kNoDistance || o.weight == 0) continue;
      rounded += o.weight;
      if (o.ulps != 0) wrong += o.weight;
      if (farthest == nullptr || o.ulps > farthest->ulps) farthest = &o;
    }
    if (farthest == nullptr) return;
    add("error_probability",
        rational(static_cast<std::int64_t>(wrong)) / rational(static_cast<std::int64_t>(rounded)))
        .cases = rounded;
    bound& b = add("max_ulp", rational(farthest->ulps));
    b.cases = rounded;
    if (farthest->ulps != 0) set_operands(b, *farthest);
  }

  void add_quantiles() {
    std::vector<std::pair<real, const pair_outcome*>> sorted;
    for (const pair_outcome& o : list_) {
      if (o.weight != 0) sorted.emplace_back(o.error(), &o);
    }
    std::ranges::sort(sorted, {}, &std::pair<real, const pair_outcome*>::first);
    std::uint64_t below = 0;
    std::size_t at = 0;
    for (const int percent : kQuantiles) {
      const std::uint64_t rank = quantile_rank(cases_, percent);
      while (below + sorted[at].second->weight <= rank) below += sorted[at++].second->weight;
      add(quantile_metric(percent), exact_error(*sorted[at].second));
    }
  }

  // abs(result - ordinary) over its unit, 2^4 M^2 or 2^4 M y.
  rational distance(const pair_outcome& o) const {
    const rational unit = rational::power_of_two(pair_outcome::kScale) * rational(M_) *
                          (product_ ? rational(M_) : rational(M_ + o.j));
    return rational(std::abs(o.result - o.ordinary)) / unit;
  }

  void add_worst_case() {
    const pair_outcome* worst = &list_.front();
    const auto unit = [&](const pair_outcome& o) { return product_ ? std::int64_t{1} : M_ + o.j; };
    for (const pair_outcome& o : list_) {
      const auto here = static_cast<int128>(std::abs(o.result - o.ordinary)) * unit(*worst);
      if (here > static_cast<int128>(std::abs(worst->result - worst->ordinary)) * unit(o)) {
        worst = &o;
      }
    }
    set_operands(add("worst_case_error", distance(*worst)), *worst);
  }

  void add_magnitudes() {
    const int q = product_ ? 0 : 1;
    const auto sum = [&](int power, auto term) { return exact_or_real(power * q, term); };
    const auto absolute =
        sum(1, [](const pair_outcome& o) { return std::abs(o.result - o.ordinary); });
    const auto result = sum(1, [](const pair_outcome& o) { return o.result; });
    const auto ordinary = sum(1, [](const pair_outcome& o) { return o.ordinary; });
    const auto mixed =
        sum(2, [](const pair_outcome& o) { return static_cast<int128>(o.result) * o.ordinary; });
    const auto square =
        sum(2, [](const pair_outcome& o) { return static_cast<int128>(o.ordinary) * o.ordinary; });
    const rational unit = rational::power_of_two(pair_outcome::kScale) * rational(M_) *
                          (product_ ? rational(M_) : rational(1));
    add_quotient("mean_absolute_error", absolute,
                 {static_cast<real>(cases_), rational(static_cast<std::int64_t>(cases_))}, unit);
    add_quotient("mean_ratio", result, ordinary, rational(1));
    add_quotient("gain", mixed, square, rational(1));
  }

  struct number {
    real value = 0;
    std::optional<rational> exact{};
  };
  // Of terms over y^q, exactly where that is of use.
  template <class Term>
  number exact_or_real(int q, Term term) const {
    if (evaluate_.format.kept_bits <= kExactMeanBits || q == 0) {
      const rational exact = (q == 0 ? no_denominators_ : sums_).sum(list_, 0, q, term);
      return {static_cast<real>(exact.to_high_precision()), exact};
    }
    compensated_sum sum;
    for (const pair_outcome& o : list_) {
      const auto y = static_cast<real>(M_ + o.j);
      sum.add(static_cast<real>(term(o)) / (q == 1 ? y : y * y));
    }
    return {sum.value()};
  }
  void add_quotient(const std::string& metric, const number& n, const number& d,
                    const rational& unit) {
    if (n.exact && d.exact) {
      add(metric, *n.exact / *d.exact / unit);
    } else {
      add(metric, n.value / d.value / static_cast<real>(unit.to_high_precision()));
    }
  }

  const evaluator& evaluate_;
  const std::vector<pair_outcome>& list_;
  const std::string& note_;
  bool over_fractions_;
  bool product_;
  std::int64_t M_;
  std::uint64_t cases_ = 0;
  // The common multiple of a wide format's significands is of no use, and long.
  exact_sums sums_{evaluate_.format.kept_bits <= kExactMeanBits ? M_ : 1};
  exact_sums no_denominators_{1};
  std::vector<bound> bounds_;
};

}  // namespace

std::vector<bound> bounds_of(const evaluator& evaluate, const pair_outcomes& outcomes,
                             error_domain domain) {
  return outcome_report(evaluate, outcomes, domain).bounds();
}

}  // namespace pamkit::reports
