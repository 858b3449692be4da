#pragma once

#include <cstdint>

#include "pamkit/reference/rational.hpp"

namespace pamkit::reports {

/// 128-bit integers, for sums over all rows of fraction pairs.
__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;

/// The value as an integer of any size.
inline reference::integer to_integer(int128 value) {
  const bool negative = value < 0;
  const auto magnitude = static_cast<uint128>(negative ? -value : value);
  reference::integer result = static_cast<std::uint64_t>(magnitude >> 64);
  result <<= 64;
  result += static_cast<std::uint64_t>(magnitude);
  return negative ? reference::integer(-result) : result;
}

/// An exact sum of 128-bit integers: up to 2^62 of them fit.
class wide_sum {
 public:
  void add(int128 term) {
    low_ += static_cast<std::uint64_t>(term);
    high_ += term >> 64;
  }
  reference::integer value() const { return (to_integer(high_) << 64) + to_integer(low_); }

 private:
  int128 low_ = 0;
  int128 high_ = 0;
};

}  // namespace pamkit::reports
