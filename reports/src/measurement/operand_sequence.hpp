#pragma once

#include <cstdint>
#include <string_view>

#include "measurement.hpp"

namespace pamkit::reports {

/// splitmix64 (Steele, Lea, Flood 2014) as a function of a counter: sample n of a seed is the same
/// whoever asks for it.
class operand_sequence {
 public:
  explicit operand_sequence(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

/// The seed of the operands of one operation, format and domain: a task draws the same operands
/// whatever else is measured.
std::uint64_t stream_seed(const measurement_request& request, error_domain domain);

/// The seed of anything else that is drawn, by its name.
std::uint64_t stream_seed(std::uint64_t seed, std::string_view subject);

/// Operands to draw where they are sampled.
std::uint64_t sample_count(report_level level);

}  // namespace pamkit::reports
