#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pamkit::training {

/// A row reduction: lane j takes elements j, j + 32, ... ascending from +0; then lanes i and i + 16 are added,
/// then + 8, + 4, + 2, + 1. Thirty-two sums that do not wait for each other, which any vector length divides.
class lanes {
 public:
  static constexpr std::int64_t count = 32;

  /// Adds term(i) for i in [begin, end) to its lanes; `begin` must be a multiple of 32.
  template <class Term>
  void add(std::int64_t begin, std::int64_t end, Term term) {
    std::int64_t first = begin;
    for (; first + count <= end; first += count) {
      for (std::size_t j = 0; j < sums_.size(); ++j) {
        sums_[j] += term(first + static_cast<std::int64_t>(j));
      }
    }
    for (std::int64_t i = first; i < end; ++i) sums_[static_cast<std::size_t>(i - first)] += term(i);
  }

  /// The sum of the lanes.
  float fold() {
    for (std::size_t half = sums_.size() / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) sums_[i] += sums_[i + half];
    }
    return sums_[0];
  }

 private:
  std::array<float, count> sums_{};
};

/// The sum of `count` values in lanes.
inline float lane_sum(const float* values, std::int64_t count) {
  lanes sum;
  sum.add(0, count, [&](std::int64_t i) { return values[i]; });
  return sum.fold();
}

}  // namespace pamkit::training
