#include "measurement/case_collector.hpp"

namespace pamkit::reports {

void case_collector::flush() {
  if (a_.empty()) return;
  evaluate_(a_, b_, out_);
  const bool counted = how_ == counting::all;
  evaluate_.rounded(a_, b_, rounded_);
  for (std::size_t i = 0; i < a_.size(); ++i) {
    if (domain_ == error_domain::in_range && !is_in_range(i)) continue;
    tally_.add(evaluate_, evaluate_.value(out_[i]), a_[i], b_[i], out_[i], counted);
    tally_.add_distance(evaluate_.format, a_[i], b_[i], out_[i], rounded_[i], counted);
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

}  // namespace pamkit::reports
