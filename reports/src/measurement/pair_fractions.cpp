#include <algorithm>
#include <cmath>

#include "fraction_weights.hpp"
#include "measurement/case_collector.hpp"
#include "measurement/domains.hpp"
#include "measurement/operand_sequence.hpp"

namespace pamkit::reports {

namespace {

using real = long double;

// Pairs of fractions too many to take: lines on which the extremes of a piecewise affine product
// lie (an operand of 1, and both sides of the lines where the fraction sum or difference carries),
// and a coarse grid.
void add_structured_pairs(const evaluator& evaluate, case_collector& collect) {
  const format_description& f = evaluate.format;
  const std::uint32_t M = std::uint32_t{1} << f.kept_bits;
  const auto encode = [&](std::uint32_t i) { return f.one + (i << f.dropped_bits); };
  const auto add = [&](std::int64_t i, std::int64_t j,
                       counting how = counting::error_extremes_only) {
    if (i < 0 || j < 0 || i >= M || j >= M) return;
    collect.add(encode(static_cast<std::uint32_t>(i)), encode(static_cast<std::uint32_t>(j)), how);
  };
  const std::int64_t c = evaluate.rules.compensation >> f.dropped_bits;
  for (std::int64_t i = 0; i < M; ++i) {
    add(i, 0);
    add(0, i);
    if (evaluate.operation.name == "mul") {
      for (const std::int64_t carry : {std::int64_t{M}, 2 * std::int64_t{M}}) {
        add(i, carry - c - i);
        add(i, carry - c - i - 1);
      }
    } else {
      for (const std::int64_t borrow : {std::int64_t{0}, -std::int64_t{M}}) {
        add(i, i - c - borrow);
        add(i, i - c - borrow + 1);
      }
    }
  }
  const int coarse = f.kept_bits - kExhaustivePairBits;
  for (std::int64_t i = 0; i < std::int64_t{1} << kExhaustivePairBits; ++i) {
    for (std::int64_t j = 0; j < std::int64_t{1} << kExhaustivePairBits; ++j) {
      add(i << coarse, j << coarse, counting::extremes_only);
    }
  }
}

std::vector<real> fraction_weights(std::uint32_t M) {
  std::vector<real> weights(M);
  for (std::uint32_t i = 0; i < M; ++i) {
    const real h = 1 / static_cast<real>(M);
    const real x = 1 + static_cast<real>(i) * h;
    // Formats with fewer than 4 fraction bits are below the range of loguniform_weight's series.
    weights[i] = M >= 16  ? loguniform_weight(i, M)
                 : i == 0 ? std::log2((1 + h / 2) / (1 - h / 4))
                          : std::log2((x + h / 2) / (x - h / 2));
  }
  return weights;
}

void replace_means(measurement& m, const pair_means& means, std::uint64_t pairs,
                   const std::string& note) {
  const auto set = [&](const char* metric, real value) {
    for (bound& b : m.bounds) {
      if (b.metric != metric) continue;
      b.value = static_cast<double>(value);
      b.evidence = evidence_kind::exhaustive;
      b.cases = pairs;
      b.note = note;
    }
  };
  set("mean_relative", means.mean);
  set("mean_relative_loguniform", means.mean_loguniform);
  set("rms_relative", means.rms);
}

// Means over every pair when the error depends on the second fraction alone, from all of those.
pair_means means_over_second_fraction(const evaluator& evaluate) {
  const format_description& f = evaluate.format;
  const std::uint32_t M = std::uint32_t{1} << f.kept_bits;
  std::vector<std::uint32_t> a;
  std::vector<std::uint32_t> b;
  std::vector<std::uint32_t> out;
  compensated_sum sum;
  compensated_sum squares;
  compensated_sum loguniform;
  for (std::uint32_t start = 0; start < M; start += kBlock) {
    a.assign(std::min<std::size_t>(kBlock, M - start), f.one);
    b.clear();
    for (std::size_t j = 0; j < a.size(); ++j) {
      b.push_back(f.one + ((start + static_cast<std::uint32_t>(j)) << f.dropped_bits));
    }
    evaluate(a, b, out);
    for (std::size_t j = 0; j < a.size(); ++j) {
      const real error = evaluate.error(out[j], a[j], b[j]);
      sum.add(error);
      squares.add(error * error);
      loguniform.add(error * loguniform_weight(start + static_cast<std::uint32_t>(j), M));
    }
  }
  return {.mean = sum.value() / M,
          .rms = std::sqrt(squares.value() / M),
          .mean_loguniform = loguniform.value()};
}

}  // namespace

measurement measure_pair_fractions(const measurement_request& request) {
  const evaluator evaluate(request);
  const format_description& f = evaluate.format;
  const std::uint32_t M = std::uint32_t{1} << f.kept_bits;
  const bool all = f.kept_bits <= kExhaustivePairBits;
  const bool exact_mean = f.storage_bits == 8;
  measurement m = measurement_of(request, error_domain::fractions);
  case_collector collect(evaluate, error_domain::fractions, exact_mean);
  const auto encode = [&](std::uint64_t i) {
    return f.one + (static_cast<std::uint32_t>(i) << f.dropped_bits);
  };
  if (all) {
    const std::vector<real> weights = fraction_weights(M);
    collect.weights = &weights;
    for (std::uint32_t i = 0; i < M; ++i) {
      for (std::uint32_t j = 0; j < M; ++j) collect.add(encode(i), encode(j), counting::all);
    }
    m.bounds =
        bounds_of(evaluate, collect.finish(), evidence_kind::exhaustive, "", true, exact_mean);
    return m;
  }

  observed_form form(evaluate);
  const bool product = evaluate.operation.name == "mul";
  const std::int64_t c = evaluate.rules.compensation;
  collect.form = &form;
  add_structured_pairs(evaluate, collect);
  operand_sequence sequence(stream_seed(request, error_domain::fractions));
  for (std::uint64_t n = sample_count(request.level); n > 0; --n) {
    const std::uint64_t bits = sequence.next();
    collect.add(encode(bits & (M - 1)), encode((bits >> 32) & (M - 1)), counting::all);
  }
  m.bounds = bounds_of(evaluate, collect.finish(), evidence_kind::sampled,
                       "every pair on the lines where the fractions carry and where one is 0, a "
                       "1024 x 1024 grid, and random "
                       "pairs",
                       true, false);
  const std::uint64_t pairs = std::uint64_t{M} * M;
  const std::string seen = std::to_string(collect.finish().looked_at) + " evaluated pairs";
  if (form.encodings_add()) {
    const auto offset = static_cast<std::uint32_t>(c >> f.dropped_bits);
    replace_means(
        m, product ? product_pair_means(M, offset) : quotient_pair_means(M, offset), pairs,
        "sum over all pairs by running sums of powers of the significands, the encodings adding as "
        "integers, as they did on all of " +
            seen);
  } else if (product && form.scales_by_b()) {
    replace_means(m, means_over_second_fraction(evaluate), pairs,
                  "every second fraction; the first one does not matter, as on all of " + seen);
  } else {
    std::erase_if(m.bounds, [](const bound& b) { return b.metric == "mean_relative_loguniform"; });
  }
  return m;
}

}  // namespace pamkit::reports
