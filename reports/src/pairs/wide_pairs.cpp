#include "pairs/wide_pairs.hpp"

#include <string>

#include "computed_once.hpp"
#include "measurement/operand_sequence.hpp"

namespace pamkit::reports {
namespace {

// Compares evaluated results with the integer formula, a block at a time.
class formula_check {
 public:
  formula_check(const evaluator& evaluate, const log_linear_rows& rows)
      : evaluate_(evaluate), rows_(rows) {
    a_.reserve(kBlock);
    b_.reserve(kBlock);
    expected_.reserve(kBlock);
  }
  void add(fraction_pair pair, std::int64_t ordinal) {
    a_.push_back(encoding(pair.a));
    b_.push_back(encoding(pair.b));
    expected_.push_back(encoding(ordinal));
    if (a_.size() == kBlock) finish();
  }
  // Random pairs.
  void add_sample(std::uint64_t count) {
    operand_sequence random(1);
    const auto mask = static_cast<std::uint64_t>(rows_.size() - 1);
    for (; count > 0; --count) {
      const std::uint64_t word = random.next();
      const auto a = static_cast<std::int64_t>(word & mask);
      const auto b = static_cast<std::int64_t>((word >> 32) & mask);
      const bool product = rows_.kind() == pair_kind::product;
      add({a, b}, product ? rows_.result_ordinal(a, b) : rows_.result_ordinal(b, a));
    }
    finish();
  }
  void finish() {
    if (a_.empty()) return;
    evaluate_(a_, b_, out_);
    holds_ = holds_ && out_ == expected_;
    evaluated_ += a_.size();
    a_.clear();
    b_.clear();
    expected_.clear();
  }
  bool holds() const { return holds_; }
  std::uint64_t evaluated() const { return evaluated_; }

 private:
  std::uint32_t encoding(std::int64_t fraction) const {
    return static_cast<std::uint32_t>(
        evaluate_.format.one + (fraction * (std::int64_t{1} << evaluate_.format.dropped_bits)));
  }

  const evaluator& evaluate_;
  const log_linear_rows& rows_;
  std::vector<std::uint32_t> a_;
  std::vector<std::uint32_t> b_;
  std::vector<std::uint32_t> expected_;
  std::vector<std::uint32_t> out_;
  bool holds_ = true;
  std::uint64_t evaluated_ = 0;
};

// What follows from the formula alone, whoever evaluates it under whichever policy.
struct formula_pairs {
  pair_totals totals;
  pair_class_sums sums;
};

std::shared_ptr<const formula_pairs> pairs_of_formula(const log_linear_rows& rows) {
  static computed_once<formula_pairs> pairs;
  return pairs.get(rows.key(), [&] {
    return std::make_shared<const formula_pairs>(
        formula_pairs{.totals = total_pairs(rows),
                      .sums = sum_pair_classes(rows.kind(), static_cast<std::uint32_t>(rows.size()),
                                               static_cast<std::uint32_t>(rows.offset()))});
  });
}

constexpr std::uint64_t kSample = std::uint64_t{1} << 20;

std::shared_ptr<const wide_pairs> compute(const measurement_request& request) {
  const evaluator evaluate(request);
  const format_description& f = evaluate.format;
  const std::int64_t M = std::int64_t{1} << f.kept_bits;
  const std::int64_t c = evaluate.rules.compensation >> f.dropped_bits;
  if (c < 0 || c > M) return nullptr;
  const pair_kind kind =
      evaluate.operation.name == "mul" ? pair_kind::product : pair_kind::quotient;
  const log_linear_rows rows(kind, M, c);
  formula_check check(evaluate, rows);
  check.add_sample(kSample);
  if (!check.holds()) return nullptr;
  visit_segment_ends(rows,
                     [&](fraction_pair pair, std::int64_t ordinal) { check.add(pair, ordinal); });
  check.finish();
  if (!check.holds()) return nullptr;
  const std::shared_ptr<const formula_pairs> known = pairs_of_formula(rows);
  return std::make_shared<wide_pairs>(wide_pairs{
      .rows = rows, .totals = known->totals, .sums = known->sums, .evaluated = check.evaluated()});
}

}  // namespace

std::shared_ptr<const wide_pairs> all_pairs_of(const measurement_request& request) {
  const configuration rules =
      request.arithmetic.configure(request.format, request.policy, overflow_policy::infinity);
  const std::string key =
      std::string(request.subject->name) + '/' + std::string(request.operation->name) + '/' +
      describe(request.format).name + '/' + std::string(request.arithmetic.info->name) + '/' +
      std::to_string(rules.compensation) + '/' + std::string(name_of(request.policy));
  static computed_once<wide_pairs> pairs;
  return pairs.get(key, [&] { return compute(request); });
}

}  // namespace pamkit::reports
