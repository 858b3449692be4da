#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "computed_once.hpp"
#include "measurement/quantiles.hpp"
#include "pairs/pair_quantiles.hpp"
#include "pairs/wide_pairs.hpp"

namespace pamkit::reports {
namespace {

constexpr std::array<long double, 3> kOnce = {1, 1, 1};

const char* const kExtremeNote =
    "between the carries of a row the ratio of result and ordinary value is monotone: the exact "
    "rationals at every end of every row, and the emulator's results there";
const char* const kSumNote =
    "every pair entered the sum, by running sums of powers of the "
    "significands along the rows between the carries";
const char* const kQuantileNote = "pairs counted row by row; interpolated over 2^-19";

// The quantiles that are reported, computed once for rows and weights, which are whole numbers.
std::vector<long double> quantiles_of(const log_linear_rows& rows,
                                      const std::array<long double, 3>& weights) {
  std::string key = rows.key();
  for (const long double w : weights) key += '/' + std::to_string(std::llround(w));
  static computed_once<std::vector<long double>> quantiles;
  return *quantiles.get(key, [&] {
    std::array<double, kQuantiles.size()> shares{};
    std::ranges::transform(kQuantiles, shares.begin(), [](int p) { return p / 100.0; });
    return std::make_shared<const std::vector<long double>>(pair_quantiles(rows, weights, shares));
  });
}

class wide_report {
 public:
  wide_report(const evaluator& evaluate, const wide_pairs& pairs, std::uint64_t cases)
      : evaluate_(evaluate), pairs_(pairs), cases_(cases) {}

  std::vector<bound> bounds;

  bound& add(const std::string& metric, long double value, const char* note) {
    bounds.push_back({.metric = metric,
                      .value = static_cast<double>(value),
                      .evidence = evidence_kind::exhaustive,
                      .cases = cases_,
                      .note = note});
    return bounds.back();
  }
  bound& add(const std::string& metric, const pair_total& total, const char* note) {
    bound& b = add(metric, total.value, note);
    if (total.exact) b.exact = fraction_text(*total.exact);
    return b;
  }
  void add_range() {
    add_extreme("min_relative", pairs_.totals.least);
    add_extreme("max_relative", pairs_.totals.greatest);
  }
  void add_quantiles(const std::array<long double, 3>& weights) {
    const std::vector<long double> values = quantiles_of(pairs_.rows, weights);
    for (std::size_t n = 0; n < values.size(); ++n) {
      add(quantile_metric(kQuantiles[n]), values[n], kQuantileNote);
    }
  }
  void set_operands(bound& b, fraction_pair pair) const {
    b.operands = {encoding(pair.a), encoding(pair.b)};
    std::vector<std::uint32_t> result;
    evaluate_({b.operands[0]}, {b.operands[1]}, result);
    b.result = result[0];
  }

 private:
  std::uint32_t encoding(std::int64_t fraction) const {
    return evaluate_.format.one +
           (static_cast<std::uint32_t>(fraction) << evaluate_.format.dropped_bits);
  }
  void add_extreme(const std::string& metric, fraction_pair pair) {
    bound& b = add(metric, 0, kExtremeNote);
    set_operands(b, pair);
    b.value = static_cast<double>(evaluate_.error(b.result, b.operands[0], b.operands[1]));
    const auto exact =
        exact_error(evaluate_.operation, evaluate_.format, evaluate_.operand_subnormals, b.result,
                    b.operands[0], b.operands[1]);
    if (exact) b.exact = fraction_text(*exact);
    b.evidence = evidence_kind::proved;
  }

  const evaluator& evaluate_;
  const wide_pairs& pairs_;
  std::uint64_t cases_;
};

// How many exponent pairs of normal operands give a normal result in each piece.
std::array<long double, 3> exponent_pairs(const evaluator& evaluate, pair_kind kind) {
  const format_description& f = evaluate.format;
  const int least = 1 - f.bias;
  const int greatest = static_cast<int>(f.max_finite >> f.fraction_bits) - f.bias;
  std::array<long double, 3> weights{};
  for (int a = least; a <= greatest; ++a) {
    for (int b = least; b <= greatest; ++b) {
      for (int n = 0; n < 3; ++n) {
        const int e = kind == pair_kind::product ? a + b + n : a - b - n;
        if (e >= least && e <= greatest) weights[static_cast<std::size_t>(n)] += 1;
      }
    }
  }
  return weights;
}

// Evaluates the extreme fractions, and the corners, with every pair of exponents.
bool exponents_only_scale(const evaluator& evaluate, const wide_pairs& pairs) {
  const format_description& f = evaluate.format;
  const std::int64_t M = pairs.rows.size();
  const bool product = pairs.rows.kind() == pair_kind::product;
  const std::int64_t last = static_cast<std::int64_t>(f.max_finite >> f.fraction_bits);
  std::vector<std::uint32_t> a;
  std::vector<std::uint32_t> b;
  std::vector<std::uint32_t> out;
  for (const fraction_pair pair :
       {pairs.totals.least, pairs.totals.greatest, pairs.totals.worst, fraction_pair{0, 0},
        fraction_pair{0, M - 1}, fraction_pair{M - 1, 0}, fraction_pair{M - 1, M - 1}}) {
    const std::int64_t ordinal = product ? pairs.rows.result_ordinal(pair.a, pair.b)
                                         : pairs.rows.result_ordinal(pair.b, pair.a);
    for (std::int64_t ea = 1; ea <= last; ++ea) {
      a.clear();
      b.clear();
      for (std::int64_t eb = 1; eb <= last; ++eb) {
        a.push_back(static_cast<std::uint32_t>((ea * M + pair.a) << f.dropped_bits));
        b.push_back(static_cast<std::uint32_t>((eb * M + pair.b) << f.dropped_bits));
      }
      evaluate(a, b, out);
      for (std::int64_t eb = 1; eb <= last; ++eb) {
        const std::int64_t e = (product ? ea + eb - f.bias : ea - eb + f.bias);
        const std::int64_t magnitude = (e * M + ordinal) * (std::int64_t{1} << f.dropped_bits);
        const bool in_range = magnitude >= f.min_normal && magnitude <= f.max_finite;
        const std::uint32_t r = out[static_cast<std::size_t>(eb - 1)];
        if (f.is_normal(r) != in_range || (in_range && r != magnitude)) return false;
      }
    }
  }
  return true;
}

}  // namespace

std::vector<bound> fraction_bounds(const evaluator& evaluate, const wide_pairs& pairs) {
  const auto M = static_cast<std::uint64_t>(pairs.rows.size());
  const pair_totals& t = pairs.totals;
  wide_report report(evaluate, pairs, M * M);
  report.add_range();
  const pair_means uniform = means_of(pairs.sums.uniform, kOnce);
  report.add("mean_relative", uniform.mean, kSumNote);
  report.add("mean_relative_loguniform", means_of(pairs.sums.loguniform, kOnce).mean, kSumNote);
  report.add("rms_relative", uniform.rms, kSumNote);
  report.add("mean_square_relative", uniform.rms * uniform.rms, kSumNote);
  const reference::rational wrong =
      reference::rational::ratio(reference::integer(t.wrong), reference::integer(M) * M);
  report.add("error_probability", {static_cast<long double>(wrong.to_high_precision()), wrong},
             "pairs that round correctly counted row by row");
  bound& ulp = report.add("max_ulp", static_cast<long double>(t.max_ulp), kExtremeNote);
  ulp.exact = std::to_string(t.max_ulp) + "/1";
  report.set_operands(ulp, t.max_ulp_at);
  ulp.evidence = evidence_kind::proved;
  report.add_quantiles(kOnce);
  bound& worst = report.add("worst_case_error", 0, kExtremeNote);
  report.set_operands(worst, t.worst);
  const comparison c = evaluate.compare(worst.result, worst.operands[0], worst.operands[1]);
  worst.value = static_cast<double>(std::abs(c.error * c.ordinary));
  worst.evidence = evidence_kind::proved;
  report.add("mean_absolute_error", t.mean_absolute_error, kSumNote);
  report.add("mean_ratio", t.mean_ratio, kSumNote);
  report.add("gain", t.gain, kSumNote);
  return std::move(report.bounds);
}

std::vector<bound> range_bounds(const evaluator& evaluate, const wide_pairs& pairs) {
  if (evaluate.operand_subnormals != subnormal_policy::flush || !evaluate.format.has_infinity ||
      !exponents_only_scale(evaluate, pairs)) {
    return {};
  }
  const std::array<long double, 3> weights = exponent_pairs(evaluate, pairs.rows.kind());
  // Both operands with either sign.
  const auto M = static_cast<long double>(pairs.rows.size());
  long double cases = 0;
  for (std::size_t n = 0; n < weights.size(); ++n) {
    cases += 4 * weights[n] * std::round(pairs.sums.uniform[n].count * M * M);
  }
  wide_report report(evaluate, pairs, static_cast<std::uint64_t>(cases));
  report.add_range();
  const pair_means means = means_of(pairs.sums.uniform, weights);
  report.add("mean_relative", means.mean, kSumNote);
  report.add("rms_relative", means.rms, kSumNote);
  report.add("mean_square_relative", means.rms * means.rms, kSumNote);
  report.add_quantiles(weights);
  return std::move(report.bounds);
}

}  // namespace pamkit::reports
