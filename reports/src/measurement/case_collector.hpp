#pragma once

#include <cstdint>
#include <vector>

#include "measurement/observed_form.hpp"
#include "measurement/tally.hpp"

namespace pamkit::reports {

/// What a case counts for.
enum class counting : std::uint8_t {
  all,
  extremes_only,
  error_extremes_only,  ///< no distance to the correctly rounded result, which costs the most
};

/// Collects operands into blocks and tallies the results.
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
  const std::vector<long double>* weights = nullptr;

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
      const long double error = evaluate_.error(out_[i], a_[i], b_[i]);
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

}  // namespace pamkit::reports
