#include <algorithm>
#include <bit>
#include <cmath>

#include "measurement/domains.hpp"
#include "measurement/tally.hpp"

namespace pamkit::reports {

namespace {

using real = long double;

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
  unrounded_sqrt(const evaluator& evaluate, const backend& subject)
      : evaluate_(evaluate),
        rules_(evaluate.rules),
        log2_(subject.elementwise("log2", rules_.arithmetic)),
        mul_(subject.elementwise("mul", rules_.arithmetic)),
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

}  // namespace

measurement measure_unary_fractions(const measurement_request& request) {
  const evaluator evaluate(request);
  measurement m = measurement_of(request, error_domain::fractions);
  const std::uint64_t count = unary_fraction_count(evaluate);
  unrounded_sqrt root(evaluate, *request.subject);
  const bool before_rounding = evaluate.operation.name == "sqrt" && root.is_defined();
  bool is_composition = before_rounding;
  tally t;
  std::vector<std::uint32_t> x;
  const std::vector<std::uint32_t> none;
  std::vector<std::uint32_t> out;
  std::vector<std::uint32_t> rounded;
  std::vector<real> values;
  for (std::uint64_t start = 0; start < count; start += kBlock) {
    x.clear();
    for (std::uint64_t i = start; i < std::min<std::uint64_t>(start + kBlock, count); ++i) {
      x.push_back(unary_fraction(evaluate, i));
    }
    evaluate(x, none, out);
    evaluate.rounded(x, none, rounded);
    is_composition = is_composition && root.values(x, out, values);
    for (std::size_t i = 0; i < x.size(); ++i) {
      t.add(evaluate, is_composition ? values[i] : evaluate.value(out[i]), x[i], 0, out[i], true);
      t.add_distance(evaluate.format, x[i], 0, out[i], rounded[i], true);
    }
  }
  std::string note;
  if (before_rounding) {
    note = is_composition ? "1 + log2(x) . 1/2 from the encoded steps, before the last rounding"
                          : "encoded results, after the last rounding";
  }
  m.bounds = bounds_of(evaluate, t, {.domain = error_domain::fractions, .note = note});
  // Distances are between encodings.
  for (bound& b : m.bounds) {
    const bool is_distance = b.metric == "max_ulp" || b.metric == "error_probability";
    if (is_composition && is_distance) b.note = "encoded results, after the last rounding";
  }
  return m;
}

}  // namespace pamkit::reports
