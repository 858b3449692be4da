#include "measurement/case_collector.hpp"

#include <cstdlib>

namespace pamkit::reports {

void case_collector::flush() {
  if (a_.empty()) return;
  evaluate_(a_, b_, out_);
  const bool counted = how_ == counting::all;
  if (evaluate_.has_rounded()) evaluate_.rounded(a_, b_, rounded_);
  for (std::size_t i = 0; i < a_.size(); ++i) {
    if (domain_ == error_domain::in_range && !is_in_range(i)) continue;
    tally_.add(evaluate_, evaluate_.value(out_[i]), a_[i], b_[i], out_[i], counted);
    if (evaluate_.has_rounded()) add_distance(i, counted);
  }
  a_.clear();
  b_.clear();
}

// Infinite operands can have normal results too (exp2's are not, but 1 / inf of another arithmetic
// might be): there is no ordinary number to compare with.
bool case_collector::is_in_range(std::size_t i) const {
  const format_description& f = evaluate_.format;
  return f.is_normal(out_[i]) && f.is_finite(a_[i]) &&
         (evaluate_.operation.arity == 1 || f.is_finite(b_[i]));
}

// Distance, in encodings, to the correctly rounded result, where that is finite.
void case_collector::add_distance(std::size_t i, bool counted) {
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

}  // namespace pamkit::reports
