#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "pamkit/training/channel.hpp"

namespace pamkit::training {

/// The sum over the parts of a batch, as the specification orders it (section 11.2): a binary tree
/// over the parts in ascending order, halved from the top, of an odd count the first half larger. A
/// worker computes an equal run of parts; the tree does not know of workers, so that their number
/// changes no bit.
class part_sum {
 public:
  using values = std::vector<float>;

  /// `parts` is a multiple of the processes' number.
  part_sum(std::int64_t parts, channel& to_others);

  /// The parts of this worker: [first, end).
  std::int64_t first() const { return first_of(rank_); }
  std::int64_t end() const { return first_of(rank_ + 1); }

  /// Takes values_of(part) for each part of this worker, in ascending order, and adds what can be
  /// added without the others. All parts have equally many values.
  void compute(const std::function<values(std::int64_t)>& values_of);

  /// The sum over all parts, at every worker. All workers have computed.
  values join();

 private:
  std::int64_t first_of(int rank) const { return parts_ / workers_ * rank; }
  int owner_of(std::int64_t part) const { return static_cast<int>(part / (parts_ / workers_)); }
  bool is_mine(std::int64_t lower, std::int64_t upper) const {
    return first() <= lower && upper <= end();
  }
  bool is_others(std::int64_t lower, std::int64_t upper) const {
    return upper <= first() || end() <= lower;
  }
  void compute_own(std::int64_t lower, std::int64_t upper,
                   const std::function<values(std::int64_t)>& values_of);
  values join_range(std::int64_t lower, std::int64_t upper);

  channel& channel_;
  std::int64_t parts_;
  int workers_;
  int rank_;
  std::vector<values> sums_;  ///< of the largest subtrees of this worker alone, ascending
  std::size_t next_ = 0;      ///< of sums_
  std::size_t length_ = 0;
};

}  // namespace pamkit::training
