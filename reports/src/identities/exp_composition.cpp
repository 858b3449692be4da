#include "identities/exp_composition.hpp"

#include <cmath>
#include <numbers>

#include "compensated_sum.hpp"
#include "measurement/domains.hpp"
#include "measurement/evaluator.hpp"
#include "measurement/operand_sequence.hpp"
#include "pamkit/reference/exact_value.hpp"

namespace pamkit::reports {
namespace {

class composition {
 public:
  explicit composition(const measurement_request& request)
      : request_(request),
        evaluate_(request),
        plain_(evaluate_.rules),
        product_(request.subject->elementwise("mul", request.arithmetic.info->name)) {
    plain_.compensation = 0;
    log2e_ = encoded(std::numbers::log2e);
  }

  bound_group steps() {
    const format_description& f = evaluate_.format;
    const int bits = 1 + f.exponent_bits + f.kept_bits;
    const bool all = bits <= kExhaustiveEncodingBits;
    const std::uint64_t count = all ? std::uint64_t{1} << bits : sample_count(request_.level);
    operand_sequence random(stream_seed(request_.seed, "exp_composition/" + f.name));
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    for (std::uint64_t n = 0; n < count; ++n) {
      const std::uint64_t number = all ? n : random.next() & mask;
      x_.push_back(static_cast<std::uint32_t>(number << f.dropped_bits));
      if (x_.size() == kBlock) take();
    }
    take();
    bound_group group = group_of("exp_composition");
    const auto add = [&](const char* metric, long double value) -> bound& {
      group.bounds.push_back(
          {.metric = metric,
           .value = static_cast<double>(value),
           .evidence = all ? evidence_kind::exhaustive : evidence_kind::sampled,
           .cases = cases_,
           .note = all ? "every operand whose result is normal and finite"
                       : "uniformly random encodings whose result is normal and finite"});
      return group.bounds.back();
    };
    if (cases_ == 0) return group;
    const auto add_extreme = [&](const char* metric, const extreme& e) {
      bound& b = add(metric, e.error);
      b.operands = {e.x};
      b.result = e.r;
    };
    add_extreme("min_relative", least_);
    add_extreme("max_relative", greatest_);
    add("mean_relative", sum_.value() / static_cast<long double>(cases_));
    return group;
  }

  bound_group at_arguments() {
    bound_group group = group_of("exp");
    for (const double x : {-1.0, -5.0, -10.0, -10.5, 10.0}) {
      const std::vector<std::uint32_t> a = {encoded(x)};
      std::vector<std::uint32_t> r;
      evaluate_(a, {}, r);
      if (!evaluate_.format.is_normal(r[0])) continue;
      std::string name = std::to_string(x);
      name.erase(name.find_last_not_of('0') + 1);
      if (name.back() == '.') name.pop_back();
      group.bounds.push_back({.metric = "relative_at_" + name,
                              .value = static_cast<double>(evaluate_.error(r[0], a[0], 0)),
                              .operands = a,
                              .result = r[0],
                              .evidence = evidence_kind::exhaustive,
                              .cases = 1,
                              .note = "at this argument"});
    }
    return group;
  }

 private:
  struct extreme {
    long double error = 0;
    std::uint32_t x = 0;
    std::uint32_t r = 0;
  };

  std::uint32_t encoded(double value) const {
    return reference::encode(reference::rational::from_double(value), evaluate_.format,
                             request_.policy, overflow_policy::infinity);
  }
  bound_group group_of(std::string operation) const {
    return {.operation = std::move(operation),
            .format = evaluate_.format.name,
            .arithmetic = request_.arithmetic.label,
            .policy = std::string(name_of(request_.policy)),
            .domain = std::string(name_of(error_domain::in_range)),
            .encoding = evaluate_.format,
            .bounds = {}};
  }

  void take() {
    if (x_.empty()) return;
    std::vector<std::uint32_t> r;
    evaluate_(x_, {}, r);
    std::vector<std::uint32_t> t(x_.size());
    const std::vector<std::uint32_t> factor(x_.size(), log2e_);
    product_(plain_, x_.data(), factor.data(), t.data(), t.size());
    for (std::size_t i = 0; i < x_.size(); ++i) {
      if (!evaluate_.format.is_normal(r[i]) || !evaluate_.format.is_finite(x_[i])) continue;
      const long double power = std::exp2(evaluate_.value(t[i]));
      const long double error = (evaluate_.value(r[i]) - power) / power;
      if (cases_ == 0 || error < least_.error) least_ = {error, x_[i], r[i]};
      if (cases_ == 0 || error > greatest_.error) greatest_ = {error, x_[i], r[i]};
      sum_.add(error);
      ++cases_;
    }
    x_.clear();
  }

  const measurement_request& request_;
  evaluator evaluate_;
  configuration plain_;
  elementwise_function product_;
  std::uint32_t log2e_ = 0;
  std::vector<std::uint32_t> x_;
  extreme least_;
  extreme greatest_;
  compensated_sum sum_;
  std::uint64_t cases_ = 0;
};

}  // namespace

std::vector<bound_group> exp_in_steps(const measurement_request& request) {
  return {composition(request).steps(), composition(request).at_arguments()};
}

}  // namespace pamkit::reports
