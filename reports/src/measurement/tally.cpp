#include "measurement/tally.hpp"

#include <cmath>

namespace pamkit::reports {

namespace {

std::vector<std::uint32_t> operands_of(int arity, std::uint32_t a, std::uint32_t b) {
  return arity == 2 ? std::vector{a, b} : std::vector{a};
}

}  // namespace

std::vector<bound> bounds_of(const evaluator& evaluate, const tally& t, evidence_kind evidence,
                             const std::string& extreme_note, bool with_loguniform,
                             bool exact_mean) {
  const measured_operation& operation = evaluate.operation;
  const std::string suffix = operation.absolute ? "absolute" : "relative";
  std::vector<bound> bounds;
  if (t.cases == 0) return bounds;
  const auto add_extreme = [&](const std::string& metric, const extreme& e) {
    bound b{.metric = metric + "_" + suffix,
            .value = static_cast<double>(e.error),
            .operands = operands_of(operation.arity, e.a, e.b),
            .result = e.result,
            .evidence = evidence,
            .cases = t.looked_at,
            .note = extreme_note};
    const auto exact =
        exact_error(operation, evaluate.format, evaluate.operand_subnormals, e.result, e.a, e.b);
    if (exact) b.exact = fraction_text(*exact);
    bounds.push_back(std::move(b));
  };
  add_extreme("min", t.error.least);
  add_extreme("max", t.error.greatest);
  const long double n = static_cast<long double>(t.cases);
  const auto add_mean = [&](const std::string& metric, long double value) {
    bounds.push_back({.metric = metric,
                      .value = static_cast<double>(value),
                      .evidence = evidence,
                      .cases = t.cases});
  };
  add_mean("mean_" + suffix, t.sum.value() / n);
  if (exact_mean) {
    bounds.back().exact =
        fraction_text(t.exact_sum / reference::rational(static_cast<std::int64_t>(t.cases)));
  }
  if (with_loguniform) add_mean("mean_relative_loguniform", t.loguniform.value());
  if (!operation.absolute) add_mean("rms_relative", std::sqrt(t.squares.value() / n));
  if (t.rounded_cases > 0) {
    add_mean("error_probability",
             static_cast<long double>(t.wrong) / static_cast<long double>(t.rounded_cases));
    bounds.back().cases = t.rounded_cases;
    bounds.push_back(
        {.metric = "max_ulp",
         .value = static_cast<double>(t.max_ulp),
         .operands = t.max_ulp == 0
                         ? std::vector<std::uint32_t>{}
                         : operands_of(operation.arity, t.max_ulp_case[0], t.max_ulp_case[1]),
         .result = t.max_ulp_case[2],
         .evidence = evidence,
         .cases = evidence == evidence_kind::exhaustive ? t.rounded_cases : t.distances,
         .note = evidence == evidence_kind::sampled
                     ? "random operands and a grid of fractions or edges"
                     : ""});
  }
  return bounds;
}

}  // namespace pamkit::reports
