#include "measurement.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

#include "compensated_sum.hpp"
#include "fraction_weights.hpp"
#include "pamkit/reference/exact_value.hpp"

namespace pamkit::reports {
namespace {

using real = long double;

// Formats with at most this many fraction bits have few enough fraction pairs (2^20) to take them
// all.
constexpr int kExhaustivePairBits = 10;
// Unary operations take every encoding of formats with at most this many significant bits in all,
// binary ones of formats with half as many.
constexpr int kExhaustiveEncodingBits = 16;

constexpr std::size_t kBlock = 4096;

// Operands to draw where they are sampled.
std::uint64_t sample_count(report_level level) {
  switch (level) {
    case report_level::quick:
      return std::uint64_t{1} << 16;
    case report_level::standard:
      return std::uint64_t{1} << 21;
    case report_level::exhaustive:
      return std::uint64_t{1} << 26;
  }
  return 0;
}

// splitmix64 (Steele, Lea, Flood 2014) as a function of a counter: sample n of a seed is the same
// whoever asks for it.
class operand_sequence {
 public:
  explicit operand_sequence(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

// An arithmetic whose results are the ordinary ones rounded once.
bool is_ordinary(const arithmetic_info& arithmetic) { return arithmetic.name == "exact"; }

struct extreme {
  real error = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t result = 0;
  bool seen = false;
};

struct extremes {
  extreme least;
  extreme greatest;
  void add(real error, std::uint32_t a, std::uint32_t b, std::uint32_t result) {
    if (!least.seen || error < least.error) least = {error, a, b, result, true};
    if (!greatest.seen || error > greatest.error) greatest = {error, a, b, result, true};
  }
};

// What is gathered from counted cases. Extremes also come from cases that are not counted:
// structured operands beside a sample, which would bias its means.
struct tally {
  extremes error;
  compensated_sum sum;
  compensated_sum squares;
  compensated_sum loguniform;
  std::uint64_t cases = 0;
  std::uint64_t looked_at = 0;      ///< counted or not
  std::uint64_t rounded_cases = 0;  ///< counted, with a finite correctly rounded result
  std::uint64_t distances = 0;      ///< counted or not, with one
  std::uint64_t wrong = 0;
  std::uint64_t max_ulp = 0;
  std::array<std::uint32_t, 3> max_ulp_case{};
  reference::rational exact_sum;
};

// Evaluates one operation in blocks.
class evaluator {
 public:
  explicit evaluator(const measurement_request& request)
      : operation(*request.operation),
        format(describe(request.format)),
        rules(request.arithmetic.configure(request.format, request.policy,
                                           overflow_policy::infinity)),
        stop_(request.stop),
        function_(scalar_backend().elementwise(operation.name, rules.arithmetic)),
        rounded_(operation.correctly_rounded ? scalar_backend().elementwise(operation.name, "exact")
                                             : nullptr) {
    rounded_rules_ = rules;
    rounded_rules_.arithmetic = "exact";
    rounded_rules_.compensation = 0;
    operand_subnormals = flushes_subnormals() ? subnormal_policy::flush : subnormal_policy::gradual;
  }

  void operator()(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b,
                  std::vector<std::uint32_t>& out) const {
    check_stop();
    out.resize(a.size());
    function_(rules, a.data(), b.data(), out.data(), a.size());
  }
  bool has_rounded() const { return rounded_ != nullptr; }
  void rounded(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b,
               std::vector<std::uint32_t>& out) const {
    out.resize(a.size());
    rounded_(rounded_rules_, a.data(), b.data(), out.data(), a.size());
  }
  real value(std::uint32_t bits) const { return value_of(format, bits, operand_subnormals); }
  real error(std::uint32_t result, std::uint32_t a, std::uint32_t b) const {
    return operation.error(value(result), value(a), operation.arity == 2 ? value(b) : 0);
  }
  void check_stop() const {
    if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) throw stopped();
  }

  const measured_operation& operation;
  format_description format;
  configuration rules;
  // How operands below the smallest normal are read. Some arithmetics keep them whatever the policy
  // says, so it is asked of the product.
  subnormal_policy operand_subnormals = subnormal_policy::flush;

 private:
  bool flushes_subnormals() const {
    const elementwise_function product = scalar_backend().elementwise("mul", rules.arithmetic);
    const std::uint32_t unit = std::uint32_t{1} << format.dropped_bits;
    if (product == nullptr || unit == format.min_normal) return true;
    const std::uint32_t subnormal = format.min_normal - unit;
    const std::uint32_t large = format.max_finite & ~(format.min_normal - 1);
    std::uint32_t result = 0;
    product(rules, &subnormal, &large, &result, 1);
    return format.is_zero(result);
  }

  const std::atomic<bool>* stop_;
  configuration rounded_rules_;
  elementwise_function function_;
  elementwise_function rounded_;
};

// How products (quotients) of operands in [1, 2) were seen to depend on them, over all that were
// evaluated.
class observed_form {
 public:
  explicit observed_form(const evaluator& evaluate)
      : evaluate_(evaluate), exponents_(std::size_t{1} << evaluate.format.kept_bits, kUnseen) {}

  void look_at(std::uint32_t a, std::uint32_t b, std::uint32_t r) {
    const format_description& f = evaluate_.format;
    const std::int64_t shift = std::int64_t{r} - a;
    const std::int64_t sum = std::int64_t{b} - f.one;
    const std::int64_t c = evaluate_.rules.compensation;
    encodings_add_ =
        encodings_add_ && shift == (evaluate_.operation.name == "mul" ? sum + c : -sum - c);
    if (!scales_by_b_) return;
    const std::int64_t exponent = shift / f.min_normal;
    std::int8_t& seen = exponents_[static_cast<std::size_t>(sum) >> f.dropped_bits];
    if (seen == kUnseen) seen = static_cast<std::int8_t>(exponent);
    scales_by_b_ = shift % f.min_normal == 0 && seen == exponent;
  }
  /// mag(r) - mag(a) is mag(b) - ONE + c (of a quotient ONE - mag(b) - c).
  bool encodings_add() const { return encodings_add_; }
  /// The result is a times a power of two that b alone decides.
  bool scales_by_b() const { return scales_by_b_; }

 private:
  static constexpr std::int8_t kUnseen = -128;  // results of operands in [1, 2) are within [1/4, 8)

  const evaluator& evaluate_;
  bool encodings_add_ = true;
  bool scales_by_b_ = true;
  std::vector<std::int8_t> exponents_;  // by the fraction of b
};

enum class counting : std::uint8_t {
  all,
  extremes_only,
  error_extremes_only,  ///< no distance to the correctly rounded result, which costs the most
};

// Collects operands into blocks and tallies the results.
class case_collector {
 public:
  case_collector(const evaluator& evaluate, error_domain domain, bool exact_mean)
      : evaluate_(evaluate), domain_(domain), exact_mean_(exact_mean) {
    a_.reserve(kBlock);
    b_.reserve(kBlock);
  }

  // Shown every case, where set.
  observed_form* form = nullptr;
  // Weights of fractions, for the log-uniform mean over all pairs.
  const std::vector<real>* weights = nullptr;

  void add(std::uint32_t a, std::uint32_t b, counting how) {
    if (how != how_ || a_.size() == kBlock) flush();
    how_ = how;
    a_.push_back(a);
    b_.push_back(b);
  }
  const tally& finish() {
    flush();
    return tally_;
  }

 private:
  void flush() {
    if (a_.empty()) return;
    evaluate_(a_, b_, out_);
    const bool counted = how_ == counting::all;
    const bool with_distance = evaluate_.has_rounded() && how_ != counting::error_extremes_only;
    if (with_distance) evaluate_.rounded(a_, b_, rounded_);
    for (std::size_t i = 0; i < a_.size(); ++i) {
      if (domain_ == error_domain::in_range && !is_in_range(i)) continue;
      const real error = evaluate_.error(out_[i], a_[i], b_[i]);
      ++tally_.looked_at;
      tally_.error.add(error, a_[i], b_[i], out_[i]);
      if (form != nullptr) form->look_at(a_[i], b_[i], out_[i]);
      if (with_distance) add_distance(i, counted);
      if (!counted) continue;
      ++tally_.cases;
      tally_.sum.add(error);
      tally_.squares.add(error * error);
      if (weights != nullptr) {
        tally_.loguniform.add(error * (*weights)[fraction(a_[i])] * (*weights)[fraction(b_[i])]);
      }
      if (exact_mean_) {
        tally_.exact_sum =
            tally_.exact_sum + *exact_error(evaluate_.operation, evaluate_.format,
                                            evaluate_.operand_subnormals, out_[i], a_[i], b_[i]);
      }
    }
    a_.clear();
    b_.clear();
  }

  std::size_t fraction(std::uint32_t bits) const {
    return (bits & (evaluate_.format.min_normal - 1)) >> evaluate_.format.dropped_bits;
  }

  // Infinite operands can have normal results too (exp2's are not, but 1 / inf of another
  // arithmetic might be): there is no ordinary number to compare with.
  bool is_in_range(std::size_t i) const {
    const format_description& f = evaluate_.format;
    return f.is_normal(out_[i]) && f.is_finite(a_[i]) &&
           (evaluate_.operation.arity == 1 || f.is_finite(b_[i]));
  }

  // Distance, in encodings, to the correctly rounded result, where that is finite.
  void add_distance(std::size_t i, bool counted) {
    const format_description& f = evaluate_.format;
    if (!f.is_finite(rounded_[i])) return;
    const auto ordinal = [&](std::uint32_t x) {
      const std::int64_t magnitude = x & f.magnitude_mask;
      return f.sign(x) ? -magnitude : magnitude;
    };
    const auto distance =
        static_cast<std::uint64_t>(std::abs(ordinal(out_[i]) - ordinal(rounded_[i]))) >>
        f.dropped_bits;
    ++tally_.distances;
    if (distance > tally_.max_ulp) {
      tally_.max_ulp = distance;
      tally_.max_ulp_case = {a_[i], b_[i], out_[i]};
    }
    if (!counted) return;
    ++tally_.rounded_cases;
    if (out_[i] != rounded_[i]) ++tally_.wrong;
  }

  const evaluator& evaluate_;
  error_domain domain_;
  bool exact_mean_;
  counting how_ = counting::all;
  std::vector<std::uint32_t> a_;
  std::vector<std::uint32_t> b_;
  std::vector<std::uint32_t> out_;
  std::vector<std::uint32_t> rounded_;
  tally tally_;
};

std::vector<std::uint32_t> operands_of(int arity, std::uint32_t a, std::uint32_t b) {
  return arity == 2 ? std::vector{a, b} : std::vector{a};
}

// Turns a tally into bounds. `extreme_note` says what stands behind the extremes of a sample.
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
  const real n = static_cast<real>(t.cases);
  const auto add_mean = [&](const std::string& metric, real value) {
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
    add_mean("error_probability", static_cast<real>(t.wrong) / static_cast<real>(t.rounded_cases));
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

std::uint64_t stream_seed(const measurement_request& request, error_domain domain) {
  // FNV-1a over what names the stream: a task draws the same operands whatever else is measured.
  std::uint64_t hash = 0xcbf29ce484222325U;
  const std::string key = std::string(request.operation->name) + '/' +
                          describe(request.format).name + '/' + std::string(name_of(domain));
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return operand_sequence(hash ^ request.seed).next();
}

measurement measurement_of(const measurement_request& request, error_domain domain) {
  return {.operation = request.operation,
          .format = describe(request.format),
          .arithmetic = request.arithmetic.label,
          .policy = request.policy,
          .domain = domain,
          .bounds = {}};
}

// --- Fractions
// ------------------------------------------------------------------------------------

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

measurement measure_pairs(const measurement_request& request) {
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

// The arguments of a unary fraction domain, in ascending order.
std::uint64_t unary_fraction_count(const evaluator& evaluate) {
  const std::uint64_t M = std::uint64_t{1} << evaluate.format.kept_bits;
  return evaluate.operation.fractions == fraction_domain::two_binades ? 2 * M : M;
}

std::uint32_t unary_fraction(const evaluator& evaluate, std::uint64_t i) {
  const format_description& f = evaluate.format;
  if (evaluate.operation.fractions != fraction_domain::unit_interval) {
    return f.one + static_cast<std::uint32_t>(i << f.dropped_bits);
  }
  // i 2^-kept: normalised, exponent e - kept for a leading bit at e.
  if (i == 0) return 0;
  const int e = static_cast<int>(std::bit_width(i)) - 1;
  const std::uint32_t fraction =
      static_cast<std::uint32_t>(i << (f.kept_bits - e)) & ((std::uint32_t{1} << f.kept_bits) - 1);
  return (static_cast<std::uint32_t>(f.bias + e - f.kept_bits) << f.fraction_bits) +
         (fraction << f.dropped_bits);
}

// The square root before its last rounding: t = log2(x) . 1/2 by the emulator's own steps, in [0,
// 1), and then 1 + t, whose encoding must be the emulator's square root; 1 + t may need one bit
// more than a fraction has.
class unrounded_sqrt {
 public:
  explicit unrounded_sqrt(const evaluator& evaluate)
      : evaluate_(evaluate),
        rules_(evaluate.rules),
        log2_(scalar_backend().elementwise("log2", rules_.arithmetic)),
        mul_(scalar_backend().elementwise("mul", rules_.arithmetic)),
        half_(evaluate.format.one - evaluate.format.min_normal) {
    rules_.compensation = 0;
  }
  bool is_defined() const { return log2_ != nullptr && mul_ != nullptr; }

  // False where a result is not the rounded 1 + t.
  bool values(const std::vector<std::uint32_t>& x, const std::vector<std::uint32_t>& results,
              std::vector<real>& values) {
    const format_description& f = evaluate_.format;
    t_.resize(x.size());
    halves_.assign(x.size(), half_);
    log2_(rules_, x.data(), nullptr, t_.data(), x.size());
    mul_(rules_, t_.data(), halves_.data(), t_.data(), x.size());
    values.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const real t = evaluate_.value(t_[i]);
      if (!(t >= 0 && t < 1)) return false;
      values[i] = 1 + t;
      // Exact: t is a multiple of 2^-(kept + 1) for these arguments. nearbyint rounds ties to even.
      const real units = std::nearbyint(std::ldexp(t, f.kept_bits));
      if (results[i] != f.one + (static_cast<std::uint32_t>(units) << f.dropped_bits)) return false;
    }
    return true;
  }

 private:
  const evaluator& evaluate_;
  configuration rules_;
  elementwise_function log2_;
  elementwise_function mul_;
  std::uint32_t half_;
  std::vector<std::uint32_t> t_;
  std::vector<std::uint32_t> halves_;
};

measurement measure_unary_fractions(const measurement_request& request) {
  const evaluator evaluate(request);
  measurement m = measurement_of(request, error_domain::fractions);
  const std::uint64_t count = unary_fraction_count(evaluate);
  unrounded_sqrt root(evaluate);
  const bool before_rounding = evaluate.operation.name == "sqrt" && root.is_defined();
  tally t;
  std::vector<std::uint32_t> x;
  const std::vector<std::uint32_t> none;
  std::vector<std::uint32_t> out;
  std::vector<real> values;
  bool is_composition = before_rounding;
  for (std::uint64_t start = 0; start < count; start += kBlock) {
    x.clear();
    for (std::uint64_t i = start; i < std::min<std::uint64_t>(start + kBlock, count); ++i) {
      x.push_back(unary_fraction(evaluate, i));
    }
    evaluate(x, none, out);
    is_composition = is_composition && root.values(x, out, values);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const real result = is_composition ? values[i] : evaluate.value(out[i]);
      const real error = evaluate.operation.error(result, evaluate.value(x[i]), 0);
      ++t.cases;
      ++t.looked_at;
      t.error.add(error, x[i], 0, out[i]);
      t.sum.add(error);
      t.squares.add(error * error);
    }
  }
  std::string note;
  if (before_rounding) {
    note = is_composition ? "1 + log2(x) . 1/2 from the encoded steps, before the last rounding"
                          : "encoded results, after the last rounding";
  }
  m.bounds = bounds_of(evaluate, t, evidence_kind::exhaustive, note, false, false);
  return m;
}

// --- In range
// -------------------------------------------------------------------------------------

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

}  // namespace

std::string_view name_of(error_domain domain) {
  return domain == error_domain::fractions ? "fractions" : "in-range";
}
std::string_view name_of(evidence_kind evidence) {
  return evidence == evidence_kind::exhaustive ? "exhaustive" : "sampled";
}
std::string_view name_of(subnormal_policy policy) {
  return policy == subnormal_policy::flush ? "flush" : "gradual";
}

const bound* measurement::find(std::string_view metric) const {
  const auto it = std::ranges::find(bounds, metric, &bound::metric);
  return it == bounds.end() ? nullptr : &*it;
}

std::optional<std::string> reason_not_measured(const measured_operation& operation,
                                               const arithmetic_choice& arithmetic,
                                               error_domain domain) {
  if (arithmetic.info->name == "adder") {
    return "its product is -|a - b|, which does not stand for a b: a relative error would say "
           "nothing";
  }
  if (domain == error_domain::in_range) return std::nullopt;
  if (operation.fractions == fraction_domain::none) {
    return "the error depends on the exponents of the operands, so no set of fractions stands for "
           "all";
  }
  if (is_ordinary(*arithmetic.info)) {
    return "before its one rounding the result is the ordinary one: the error is 0 by definition";
  }
  return std::nullopt;
}

measurement measure_fractions(const measurement_request& request) {
  return request.operation->fractions == fraction_domain::pairs ? measure_pairs(request)
                                                                : measure_unary_fractions(request);
}

measurement measure_in_range(const measurement_request& request) {
  const evaluator evaluate(request);
  const format_description& f = evaluate.format;
  const int arity = evaluate.operation.arity;
  const int bits = encoding_bits(f);
  const bool all = arity * bits <= kExhaustiveEncodingBits ||
                   (arity == 1 && request.level == report_level::exhaustive);
  // Only 8-bit formats have sums of rationals with few enough denominators to be of use.
  const bool exact_mean =
      all && f.storage_bits == 8 && evaluate.operation.fractions == fraction_domain::pairs;
  measurement m = measurement_of(request, error_domain::in_range);
  case_collector collect(evaluate, error_domain::in_range, exact_mean);
  const std::vector<std::uint32_t> corners = corner_operands(f);
  const std::vector<std::uint32_t> only_zero = {0};
  for (const std::uint32_t a : corners) {
    for (const std::uint32_t b : arity == 2 ? corners : only_zero) {
      collect.add(a, b, counting::extremes_only);
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
  tally t = collect.finish();
  // Where every operand is taken the corners are among them, and were looked at twice.
  if (all) t.looked_at = t.cases;
  m.bounds = bounds_of(evaluate, t, all ? evidence_kind::exhaustive : evidence_kind::sampled,
                       all ? "" : "uniformly random encodings, and operands at and beside edges",
                       false, exact_mean);
  return m;
}

error_grid pair_grid(const measurement_request& request, int bits) {
  const evaluator evaluate(request);
  const format_description& f = evaluate.format;
  const std::uint32_t n = std::uint32_t{1} << bits;
  error_grid grid;
  for (std::uint32_t i = 0; i < n; ++i) {
    grid.a.push_back(f.one + (i << (f.fraction_bits - bits)));
  }
  grid.b = grid.a;
  std::vector<std::uint32_t> row;
  std::vector<std::uint32_t> out;
  observed_form form(evaluate);
  for (const std::uint32_t a : grid.a) {
    row.assign(n, a);
    evaluate(row, grid.b, out);
    for (std::uint32_t j = 0; j < n; ++j) {
      form.look_at(a, grid.b[j], out[j]);
      grid.errors.push_back(static_cast<double>(evaluate.error(out[j], a, grid.b[j])));
    }
  }
  grid.encodings_add = form.encodings_add();
  return grid;
}

error_grid argument_grid(const measurement_request& request, const std::vector<double>& arguments) {
  const evaluator evaluate(request);
  const format_description& f = evaluate.format;
  error_grid grid;
  for (const double x : arguments) {
    grid.a.push_back(reference::encode(reference::rational::from_double(x), f, request.policy,
                                       overflow_policy::infinity));
  }
  std::vector<std::uint32_t> out;
  evaluate(grid.a, {}, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    grid.errors.push_back(f.is_finite(out[i])
                              ? static_cast<double>(evaluate.error(out[i], grid.a[i], 0))
                              : std::nan(""));
  }
  return grid;
}

error_histogram pair_histogram(const measurement_request& request, int bins) {
  const int kept = describe(request.format).kept_bits;
  const error_grid grid = pair_grid(request, std::min(kept, kExhaustivePairBits));
  const auto [low, high] = std::ranges::minmax(grid.errors);
  error_histogram h{
      .low = low,
      .high = high,
      .counts = std::vector<std::uint64_t>(static_cast<std::size_t>(bins)),
      .cases = grid.errors.size(),
      .evidence = kept <= kExhaustivePairBits ? evidence_kind::exhaustive : evidence_kind::sampled};
  for (const double error : grid.errors) {
    const double place = high > low ? (error - low) / (high - low) * bins : 0;
    ++h.counts[std::min(static_cast<std::size_t>(place), h.counts.size() - 1)];
  }
  return h;
}

}  // namespace pamkit::reports
