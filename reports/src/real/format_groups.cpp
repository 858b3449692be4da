#include "real/format_groups.hpp"

#include <cmath>

#include "measurement/evaluator.hpp"
#include "pairs/wide_sum.hpp"
#include "real/real_pairs.hpp"

namespace pamkit::reports {
namespace {

bound_group group_of(const measurement_request& request, std::string operation) {
  return {.operation = std::move(operation),
          .format = describe(request.format).name,
          .arithmetic = request.arithmetic.label,
          .policy = std::string(name_of(request.policy)),
          .domain = std::string(name_of(error_domain::fractions)),
          .encoding = describe(request.format),
          .bounds = {}};
}

}  // namespace

std::optional<bound_group> format_offsets(const measurement_request& request) {
  if (describe(request.format).kept_bits < binary32::fraction_bits) return std::nullopt;
  const found_offsets found =
      find_offsets(request.operation->name == "mul" ? pair_kind::product : pair_kind::quotient);
  bound_group group = group_of(request, std::string(request.operation->name));
  const auto add = [&](const char* metric, long double value) {
    group.bounds.push_back({.metric = metric,
                            .value = static_cast<double>(value),
                            .evidence = evidence_kind::proved,
                            .cases = 1,
                            .note = "found over continuous fractions; the sums over this format's "
                                    "pairs differ from the integrals by about 2^-46"});
  };
  add("offset_zero_mean", found.zero_mean);
  add("offset_minimax", found.minimax);
  add("offset_least_rms", found.least_rms);
  return group;
}

bound_group format_reciprocal(const measurement_request& request) {
  const evaluator evaluate(request);
  const format_description& f = evaluate.format;
  const std::uint32_t M = std::uint32_t{1} << f.kept_bits;
  bound_group group = group_of(request, "reciprocal");
  // r b - 1 in units of 2^-(2 kept + 1): the quotient is in (1/2, 1].
  const int scale = 2 * f.kept_bits + 1;
  int128 sum = 0;
  struct extreme {
    std::int64_t error = 0;
    std::uint32_t b = 0;
    std::uint32_t r = 0;
  };
  extreme least;
  extreme greatest;
  std::vector<std::uint32_t> a;
  std::vector<std::uint32_t> b;
  std::vector<std::uint32_t> r;
  for (std::uint32_t start = 0; start < M; start += kBlock) {
    b.clear();
    for (std::uint32_t j = start; j < M && j < start + kBlock; ++j) {
      b.push_back(f.one + (j << f.dropped_bits));
    }
    a.assign(b.size(), f.one);
    evaluate(a, b, r);
    for (std::size_t n = 0; n < b.size(); ++n) {
      const auto error = static_cast<std::int64_t>(
          std::ldexp(evaluate.value(r[n]) * evaluate.value(b[n]) - 1, scale));
      sum += error;
      const bool is_first = start == 0 && n == 0;
      if (is_first || error < least.error) least = {error, b[n], r[n]};
      if (is_first || error > greatest.error) greatest = {error, b[n], r[n]};
    }
  }
  using reference::rational;
  const auto add = [&](const char* metric, const rational& value) -> bound& {
    group.bounds.push_back({.metric = metric,
                            .value = static_cast<double>(value.to_high_precision()),
                            .exact = fraction_text(value),
                            .evidence = evidence_kind::exhaustive,
                            .cases = M,
                            .note = "every fraction of the divisor"});
    return group.bounds.back();
  };
  const auto add_extreme = [&](const char* metric, const extreme& e) {
    bound& one = add(metric, rational(e.error).scaled(-scale));
    one.operands = {e.b};
    one.result = e.r;
  };
  add_extreme("min_relative", least);
  add_extreme("max_relative", greatest);
  add("mean_relative", rational(to_integer(sum)).scaled(-scale) / rational(std::int64_t{M}));
  return group;
}

}  // namespace pamkit::reports
