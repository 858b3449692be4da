#include <algorithm>
#include <cmath>
#include <string>

#include "computed_once.hpp"
#include "measurement/case_collector.hpp"
#include "measurement/domains.hpp"
#include "measurement/observed_form.hpp"
#include "measurement/operand_sequence.hpp"
#include "pairs/fraction_weights.hpp"
#include "pairs/outcome_bounds.hpp"
#include "pairs/wide_pairs.hpp"

namespace pamkit::reports {

namespace {

using real = long double;

// Where the encodings do not add: lines of pairs with an operand of 1 or just above or below 3/2,
// and a coarse grid, for the extremes alone.
void add_structured_pairs(const evaluator& evaluate, case_collector& collect) {
  const format_description& f = evaluate.format;
  const std::uint32_t M = std::uint32_t{1} << f.kept_bits;
  const auto encode = [&](std::uint32_t i) { return f.one + (i << f.dropped_bits); };
  for (std::uint32_t i = 0; i < M; ++i) {
    for (const std::uint32_t j : {0U, M / 2 - 1, M / 2, M - 1}) {
      collect.add(encode(i), encode(j), counting::extremes_only);
      collect.add(encode(j), encode(i), counting::extremes_only);
    }
  }
  const int coarse = f.kept_bits - kExhaustivePairBits;
  for (std::uint32_t i = 0; i < 1U << kExhaustivePairBits; ++i) {
    for (std::uint32_t j = 0; j < 1U << kExhaustivePairBits; ++j) {
      collect.add(encode(i << coarse), encode(j << coarse), counting::extremes_only);
    }
  }
}

void replace(std::vector<bound>& bounds, bound by) {
  const auto it = std::ranges::find(bounds, by.metric, &bound::metric);
  if (it != bounds.end()) {
    *it = std::move(by);
  } else {
    bounds.push_back(std::move(by));
  }
}

// When the error depends on the second fraction alone: everything from all of those.
void replace_by_second_fraction(const evaluator& evaluate, std::vector<bound>& bounds,
                                std::uint64_t seen) {
  const format_description& f = evaluate.format;
  const std::uint32_t M = std::uint32_t{1} << f.kept_bits;
  tally t;
  compensated_sum loguniform;
  std::vector<std::uint32_t> a;
  std::vector<std::uint32_t> b;
  std::vector<std::uint32_t> out;
  for (std::uint32_t start = 0; start < M; start += kBlock) {
    a.assign(std::min<std::size_t>(kBlock, M - start), f.one);
    b.clear();
    for (std::size_t j = 0; j < a.size(); ++j) {
      b.push_back(f.one + ((start + static_cast<std::uint32_t>(j)) << f.dropped_bits));
    }
    evaluate(a, b, out);
    for (std::size_t j = 0; j < a.size(); ++j) {
      t.add(evaluate, evaluate.value(out[j]), a[j], b[j], out[j], true);
      loguniform.add(evaluate.error(out[j], a[j], b[j]) *
                     loguniform_weight(start + static_cast<std::uint32_t>(j), M));
    }
  }
  const std::string note = "every second fraction; the first one does not matter, as on " +
                           std::to_string(seen) + " evaluated pairs";
  std::vector<bound> all = bounds_of(evaluate, t, {.note = note});
  all.push_back({.metric = "mean_relative_loguniform",
                 .value = static_cast<double>(loguniform.value()),
                 .cases = M,
                 .note = note});
  // The others depend on the size of the first operand.
  for (bound& one : all) {
    if (one.metric.ends_with("_relative") || one.metric.starts_with("quantile_") ||
        one.metric == "mean_relative_loguniform") {
      replace(bounds, std::move(one));
    }
  }
}

std::vector<bound> sampled_bounds(const evaluator& evaluate, const measurement_request& request) {
  const format_description& f = evaluate.format;
  const std::uint32_t M = std::uint32_t{1} << f.kept_bits;
  case_collector collect(evaluate, error_domain::fractions);
  add_structured_pairs(evaluate, collect);
  observed_form form(evaluate);
  operand_sequence sequence(stream_seed(request, error_domain::fractions));
  std::vector<std::uint32_t> out;
  for (std::uint64_t n = sample_count(request.level); n > 0; --n) {
    const std::uint64_t bits = sequence.next();
    const std::uint32_t a = f.one + (static_cast<std::uint32_t>(bits & (M - 1)) << f.dropped_bits);
    const std::uint32_t b =
        f.one + (static_cast<std::uint32_t>((bits >> 32) & (M - 1)) << f.dropped_bits);
    collect.add(a, b, counting::all);
    evaluate({a}, {b}, out);
    form.look_at(a, b, out[0]);
  }
  tally& t = collect.finish();
  const std::uint64_t seen = t.cases;
  std::vector<bound> bounds =
      bounds_of(evaluate, t,
                {.evidence = evidence_kind::sampled,
                 .extreme_note = "random pairs, pairs with an operand at an edge, and a 1024 x "
                                 "1024 grid"});
  if (evaluate.operation.name == "mul" && form.scales_by_b()) {
    replace_by_second_fraction(evaluate, bounds, seen);
  }
  return bounds;
}

// Asked for by the rows over fractions and by those in range.
std::vector<bound> shared_sample(const evaluator& evaluate, const measurement_request& request) {
  const std::string key = std::string(request.subject->name) + '/' +
                          std::string(request.operation->name) + '/' + evaluate.format.name + '/' +
                          request.arithmetic.label + '/' + std::string(name_of(request.policy)) +
                          '/' + std::to_string(sample_count(request.level)) + '/' +
                          std::to_string(request.seed);
  static computed_once<std::vector<bound>> samples;
  return *samples.get(key, [&] {
    return std::make_shared<const std::vector<bound>>(sampled_bounds(evaluate, request));
  });
}

}  // namespace

measurement measure_pair_fractions(const measurement_request& request) {
  const evaluator evaluate(request);
  measurement m = measurement_of(request, error_domain::fractions);
  if (evaluate.format.kept_bits <= kExhaustivePairBits) {
    m.bounds = bounds_of(evaluate, fraction_outcomes(evaluate), error_domain::fractions);
  } else if (const auto pairs = all_pairs_of(request)) {
    m.bounds = fraction_bounds(evaluate, *pairs);
  } else {
    m.bounds = shared_sample(evaluate, request);
  }
  return m;
}

}  // namespace pamkit::reports
