#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "computed_once.hpp"
#include "measurement/case_collector.hpp"
#include "measurement/domains.hpp"
#include "measurement/operand_sequence.hpp"
#include "measurement/unary_sweep.hpp"
#include "pairs/outcome_bounds.hpp"
#include "pairs/wide_pairs.hpp"

namespace pamkit::reports {

namespace {

// Encoding number i of a format, in the order of the bits.
std::uint32_t encoding_number(const format_description& f, std::uint64_t i) {
  return static_cast<std::uint32_t>(i << f.dropped_bits);
}

int encoding_bits(const format_description& f) { return 1 + f.exponent_bits + f.kept_bits; }

// Operands at which a piecewise affine error can be extreme: fractions at and beside edges, in
// binades at the middle and the ends of the range. Positive ones near 1 first, so that an extreme
// that many operands attain is reported at the plainest.
std::vector<std::uint32_t> corner_operands(const format_description& f) {
  const std::uint32_t M = std::uint32_t{1} << f.kept_bits;
  std::vector<std::uint32_t> fractions;
  const auto add = [&](std::uint32_t fraction) {
    if (fraction < M && std::ranges::find(fractions, fraction) == fractions.end()) {
      fractions.push_back(fraction);
    }
  };
  // 1/ln 2 - 1 is where the errors of exp2 and log2 are extreme.
  const auto log_extreme =
      static_cast<std::uint32_t>(std::lround((1 / std::numbers::ln2 - 1) * static_cast<double>(M)));
  for (const std::uint32_t middle : {0U, M / 2, M / 4, M - M / 4, log_extreme}) {
    add(middle);
    add(middle + 1);
    if (middle > 0) add(middle - 1);
  }
  add(M - 1);
  const int last = (1 << f.exponent_bits) - (f.has_infinity ? 2 : 1);
  std::vector<std::uint32_t> operands;
  for (const int sign : {0, 1}) {
    for (const int exponent :
         {f.bias, f.bias - 1, f.bias + 1, f.bias - 2, f.bias + 2, f.bias + 3, f.bias + 4,
          f.bias + 5, f.bias + 6, 1, 2, f.bias / 2, f.bias + f.bias / 2, last - 1, last}) {
      if (exponent < 1 || exponent > last) continue;
      for (const std::uint32_t fraction : fractions) {
        const std::uint32_t magnitude = (static_cast<std::uint32_t>(exponent) << f.fraction_bits) +
                                        (fraction << f.dropped_bits);
        if (magnitude <= f.max_finite) operands.push_back((sign ? f.sign_mask : 0) | magnitude);
      }
    }
  }
  return operands;
}

// Where the rows over fractions have their extremes: these pairs are in range too, so that a range
// over more operands is never the narrower one.
std::vector<std::pair<std::uint32_t, std::uint32_t>> extreme_fractions(
    const measurement_request& request) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  if (request.operation->fractions != fraction_domain::pairs ||
      reason_not_measured(*request.operation, request.arithmetic, error_domain::fractions)) {
    return pairs;
  }
  for (const bound& b : measure_pair_fractions(request).bounds) {
    if (b.operands.size() == 2) pairs.emplace_back(b.operands[0], b.operands[1]);
  }
  return pairs;
}

// A sample, and operands at and beside edges for the extremes; or every operand (pair).
std::vector<bound> operand_bounds(const evaluator& evaluate, const measurement_request& request) {
  const format_description& f = evaluate.format;
  const int arity = evaluate.operation.arity;
  const int bits = encoding_bits(f);
  const bool all = arity * bits <= kExhaustiveEncodingBits;
  case_collector collect(evaluate, error_domain::in_range);
  const std::vector<std::uint32_t> corners = corner_operands(f);
  const std::vector<std::uint32_t> only_zero = {0};
  for (const std::uint32_t a : corners) {
    for (const std::uint32_t b : arity == 2 ? corners : only_zero) {
      collect.add(a, b, counting::extremes_only);
    }
  }
  std::string extreme_note;
  if (!all) {
    extreme_note = "uniformly random encodings, and operands at and beside edges";
    const auto fractions = extreme_fractions(request);
    for (const auto& [a, b] : fractions) collect.add(a, b, counting::extremes_only);
    if (!fractions.empty()) {
      extreme_note += "; and the pairs where the row over fractions has its extremes";
    }
  }
  if (all) {
    const std::uint64_t n = std::uint64_t{1} << bits;
    for (std::uint64_t i = 0; i < n; ++i) {
      for (std::uint64_t j = 0; j < (arity == 2 ? n : 1); ++j) {
        collect.add(encoding_number(f, i), encoding_number(f, j), counting::all);
      }
    }
  } else {
    operand_sequence sequence(stream_seed(request, error_domain::in_range));
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    for (std::uint64_t n = sample_count(request.level); n > 0; --n) {
      const std::uint64_t word = sequence.next();
      collect.add(encoding_number(f, word & mask), encoding_number(f, (word >> 32) & mask),
                  counting::all);
    }
  }
  tally& t = collect.finish();
  // Where every operand is taken the corners are among them, and were looked at twice.
  if (all) t.looked_at = t.cases;
  return bounds_of(evaluate, t,
                   {.evidence = all ? evidence_kind::exhaustive : evidence_kind::sampled,
                    .domain = error_domain::in_range,
                    .extreme_note = extreme_note});
}

// Products and quotients of formats whose every pair can be evaluated or counted.
std::vector<bound> pair_bounds(const evaluator& evaluate, const measurement_request& request) {
  const format_description& f = evaluate.format;
  if (f.storage_bits == 8) {
    return bounds_of(evaluate, enumerated_outcomes(evaluate), error_domain::in_range);
  }
  if (f.kept_bits <= kExhaustivePairBits) {
    if (const auto counted = counted_outcomes(evaluate)) {
      return bounds_of(evaluate, *counted, error_domain::in_range);
    }
  } else if (const auto pairs = all_pairs_of(request)) {
    return range_bounds(evaluate, *pairs);
  }
  return {};
}

}  // namespace

namespace {

// Whether a compensation leaves the results of a unary operation as they are, on a sample.
bool ignores_compensation(const measurement_request& request, const measurement_request& plain) {
  const evaluator with(request);
  const evaluator without(plain);
  operand_sequence sequence(stream_seed(request, error_domain::in_range));
  std::vector<std::uint32_t> x;
  for (int n = 0; n < 1 << 20; ++n) x.push_back(static_cast<std::uint32_t>(sequence.next()));
  std::vector<std::uint32_t> a;
  std::vector<std::uint32_t> b;
  with(x, {}, a);
  without(x, {}, b);
  return a == b;
}

// A sweep takes seconds: once for an operation, format, arithmetic and policy, whatever the
// compensation, where this does not act.
std::shared_ptr<const unary_sweep> shared_sweep(const measurement_request& request) {
  measurement_request plain = request;
  plain.arithmetic = *parse_arithmetic(request.arithmetic.info->name);
  const bool shared = request.arithmetic.alpha.empty() || ignores_compensation(request, plain);
  if (!shared) {
    return std::make_shared<unary_sweep>(sweep_operands(evaluator(request)));
  }
  const std::string key =
      fmt::format("{}/{}/{}/{}/{}", request.subject->name, request.operation->name,
                  describe(request.format).name, plain.arithmetic.label, name_of(request.policy));
  static computed_once<unary_sweep> sweeps;
  return sweeps.get(
      key, [&] { return std::make_shared<unary_sweep>(sweep_operands(evaluator(plain))); });
}

}  // namespace

measurement measure_in_range(const measurement_request& request) {
  const evaluator evaluate(request);
  measurement m = measurement_of(request, error_domain::in_range);
  if (has_sweep(evaluate.operation, evaluate.format)) {
    const auto sweep = shared_sweep(request);
    m.bounds = sweep->bounds;
    m.by_binade = sweep->by_binade;
    m.by_unit = sweep->by_unit;
    return m;
  }
  if (evaluate.operation.fractions == fraction_domain::pairs) {
    m.bounds = pair_bounds(evaluate, request);
  }
  const bool complete = m.find("error_probability") != nullptr;
  if (!complete) {
    for (bound& b : operand_bounds(evaluate, request)) {
      if (m.find(b.metric) == nullptr) m.bounds.push_back(std::move(b));
    }
  }
  return m;
}

}  // namespace pamkit::reports
