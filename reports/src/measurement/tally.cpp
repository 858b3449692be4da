#include "measurement/tally.hpp"

#include <algorithm>
#include <cmath>

#include "measurement/quantiles.hpp"

namespace pamkit::reports {
namespace {

class tally_report {
 public:
  tally_report(const evaluator& evaluate, tally& t, const tally_description& how)
      : evaluate_(evaluate), t_(t), how_(how) {}

  std::vector<bound> bounds() {
    if (t_.cases == 0) return {};
    const std::string suffix = evaluate_.operation.absolute ? "absolute" : "relative";
    add_extreme("min_" + suffix, t_.error.least, true);
    add_extreme("max_" + suffix, t_.error.greatest, true);
    const auto n = static_cast<long double>(t_.cases);
    add("mean_" + suffix, t_.sum.value() / n);
    add("rms_" + suffix, std::sqrt(t_.squares.value() / n));
    add("mean_square_" + suffix, t_.squares.value() / n);
    add_distances();
    add_quantiles();
    if (how_.domain == error_domain::fractions) add_magnitudes(n);
    return std::move(bounds_);
  }

 private:
  std::vector<std::uint32_t> operands(std::uint32_t a, std::uint32_t b) const {
    return evaluate_.operation.arity == 2 ? std::vector{a, b} : std::vector{a};
  }

  bound& add(const std::string& metric, long double value) {
    bounds_.push_back({.metric = metric,
                       .value = static_cast<double>(value),
                       .evidence = how_.evidence,
                       .cases = t_.cases,
                       .note = how_.note});
    return bounds_.back();
  }

  void add_extreme(const std::string& metric, const extreme& e, bool is_error) {
    bound& b = add(metric, e.error);
    b.operands = operands(e.a, e.b);
    b.result = e.result;
    b.cases = t_.looked_at;
    if (!how_.extreme_note.empty()) b.note = how_.extreme_note;
    if (!is_error) return;
    const auto exact = exact_error(evaluate_.operation, evaluate_.format,
                                   evaluate_.operand_subnormals, e.result, e.a, e.b);
    if (exact) b.exact = fraction_text(*exact);
  }

  void add_distances() {
    if (t_.rounded_cases == 0) return;
    bound& probability = add("error_probability", static_cast<long double>(t_.wrong) /
                                                      static_cast<long double>(t_.rounded_cases));
    probability.cases = t_.rounded_cases;
    if (how_.evidence != evidence_kind::sampled) {
      probability.exact = fraction_text(reference::rational::ratio(
          reference::integer(t_.wrong), reference::integer(t_.rounded_cases)));
    }
    bound& b = add("max_ulp", static_cast<long double>(t_.max_ulp));
    b.exact = std::to_string(t_.max_ulp) + "/1";
    if (t_.max_ulp != 0) {
      b.operands = operands(t_.max_ulp_case[0], t_.max_ulp_case[1]);
      b.result = t_.max_ulp_case[2];
    }
    b.cases = how_.evidence == evidence_kind::sampled ? t_.distances : t_.rounded_cases;
    if (!how_.extreme_note.empty()) b.note = how_.extreme_note;
  }

  void add_quantiles() {
    if (t_.errors.empty()) return;
    auto from = t_.errors.begin();
    for (const int percent : kQuantiles) {
      const auto at =
          t_.errors.begin() + static_cast<std::ptrdiff_t>(quantile_rank(t_.errors.size(), percent));
      std::nth_element(from, at, t_.errors.end());
      add(quantile_metric(percent), *at);
      from = at;
    }
  }

  void add_magnitudes(long double n) {
    add_extreme("worst_case_error", t_.worst, false);
    add("mean_absolute_error", t_.absolute.value() / n);
    // A logarithm's values have no scale of their own.
    if (evaluate_.operation.absolute) return;
    add("mean_ratio", t_.result.value() / t_.ordinary.value());
    add("gain", t_.mixed.value() / t_.ordinary_squares.value());
  }

  const evaluator& evaluate_;
  tally& t_;
  const tally_description& how_;
  std::vector<bound> bounds_;
};

}  // namespace

void tally::add(const evaluator& evaluate, long double value, std::uint32_t a, std::uint32_t b,
                std::uint32_t result_bits, bool counted) {
  const comparison c = evaluate.operation.compare(
      value, evaluate.value(a), evaluate.operation.arity == 2 ? evaluate.value(b) : 0);
  const long double distance =
      evaluate.operation.absolute ? std::abs(c.error) : std::abs(c.error * c.ordinary);
  ++looked_at;
  error.add(c.error, a, b, result_bits);
  if (!worst.seen || distance > worst.error) worst = {distance, a, b, result_bits, true};
  if (!counted) return;
  ++cases;
  sum.add(c.error);
  squares.add(c.error * c.error);
  absolute.add(distance);
  result.add(value);
  ordinary.add(c.ordinary);
  mixed.add(value * c.ordinary);
  ordinary_squares.add(c.ordinary * c.ordinary);
  errors.push_back(static_cast<double>(c.error));
}

void tally::add_distance(const format_description& format, std::uint32_t a, std::uint32_t b,
                         std::uint32_t result_bits, std::uint32_t rounded, bool counted) {
  if (!format.is_finite(rounded)) return;
  const auto ordinal = [&](std::uint32_t x) {
    const std::int64_t magnitude = x & format.magnitude_mask;
    return format.sign(x) ? -magnitude : magnitude;
  };
  const auto distance =
      static_cast<std::uint64_t>(std::abs(ordinal(result_bits) - ordinal(rounded))) >>
      format.dropped_bits;
  ++distances;
  if (distance > max_ulp) {
    max_ulp = distance;
    max_ulp_case = {a, b, result_bits};
  }
  if (!counted) return;
  ++rounded_cases;
  if (result_bits != rounded) ++wrong;
}

std::vector<bound> bounds_of(const evaluator& evaluate, tally& t, const tally_description& how) {
  return tally_report(evaluate, t, how).bounds();
}

}  // namespace pamkit::reports
