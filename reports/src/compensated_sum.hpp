#pragma once

#include <limits>

namespace pamkit::reports {

// The errors reported here are differences of nearly equal numbers, so they are formed in an
// extended type of at least 64 significant bits; on a platform without one the digits promised
// below would not hold.
static_assert(std::numeric_limits<long double>::digits >= 64);

/// A sum with the rounding error of every addition added up beside it (Knuth's two-sum, without
/// branches): its relative error is a few units of 2^-64 however many terms there are (for terms of
/// one sign; otherwise relative to the sum of magnitudes).
class compensated_sum {
 public:
  void add(long double term) {
    const long double sum = sum_ + term;
    const long double added = sum - sum_;
    correction_ += (sum_ - (sum - added)) + (term - added);
    sum_ = sum;
  }
  long double value() const { return sum_ + correction_; }

 private:
  long double sum_ = 0;
  long double correction_ = 0;
};

}  // namespace pamkit::reports
