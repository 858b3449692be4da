#pragma once

#include <vector>

#include "baseline.hpp"

/// Timing of contenders that take turns, with Google Benchmark as the engine.

namespace pamkit::benchmarks {

struct timing_plan {
  double slice = 0.02;  ///< seconds that one contender runs before the next one does
  double total = 2;     ///< seconds for all of them, about; at least `least_rounds`
  int least_rounds = 5;
  int most_rounds = 25;
  bool is_wall =
      false;  ///< elapsed time instead of the thread's processor time: for work on several threads
};

struct timed_contender {
  std::string name;
  double work = 0;
  std::vector<double> seconds;  ///< of one call, one value a round
  std::int64_t calls = 0;       ///< in a round
};

struct timing {
  std::vector<timed_contender> contenders;
  double waited = 0;  ///< share of the elapsed time in which the thread had no processor
};

/// Runs all contenders once to warm up and to see how many calls fill a slice, then in rounds: each
/// one slice, in the given order, again and again, so that a change of clock or load meets all of
/// them.
timing time_in_turns(const std::vector<contender>& contenders, const timing_plan& plan);

/// Median and quartiles, interpolated linearly; of at least one value.
struct quartiles {
  double low = 0;
  double median = 0;
  double high = 0;
};
quartiles quartiles_of(std::vector<double> values);

/// Speed of a contender over that of another, round by round.
quartiles speed_ratio(const timed_contender& of, const timed_contender& to);

}  // namespace pamkit::benchmarks
