#pragma once

#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "measurement/operand_sequence.hpp"

namespace pamkit::reports {

/// Distributions that tensors are drawn from.
inline constexpr std::array<std::string_view, 2> kDataKinds = {"gaussian", "uniform"};

/// Numbers for tensors, rounded to binary32: "gaussian" with mean 0 and deviation 1 (Box and
/// Muller), "uniform" on [-1, 1).
class sample_data {
 public:
  sample_data(std::string_view kind, std::uint64_t seed, std::string_view subject)
      : is_gaussian_(kind == "gaussian"), sequence_(stream_seed(seed, subject)) {}

  float next() {
    if (!is_gaussian_) return static_cast<float>(2 * unit() - 1);
    if (has_second_) {
      has_second_ = false;
      return second_;
    }
    const double radius = std::sqrt(-2 * std::log(1 - unit()));
    const double angle = 2 * std::numbers::pi * unit();
    second_ = static_cast<float>(radius * std::sin(angle));
    has_second_ = true;
    return static_cast<float>(radius * std::cos(angle));
  }
  std::vector<float> numbers(std::size_t count, float scale = 1) {
    std::vector<float> values(count);
    for (float& x : values) x = next() * scale;
    return values;
  }

 private:
  // On [0, 1), a multiple of 2^-53.
  double unit() { return std::ldexp(static_cast<double>(sequence_.next() >> 11), -53); }

  bool is_gaussian_;
  operand_sequence sequence_;
  bool has_second_ = false;
  float second_ = 0;
};

}  // namespace pamkit::reports
