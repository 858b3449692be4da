#pragma once

#include <cstdint>

#include "codec.hpp"

/// IEEE 754 operations with one rounding, on encodings of any format. The codec says what becomes
/// of subnormals and of overflow; comparators use a gradual one, since they never flush.
namespace pamkit::reference {

std::uint32_t ieee_add(const codec& c, std::uint32_t x, std::uint32_t y);
std::uint32_t ieee_subtract(const codec& c, std::uint32_t x, std::uint32_t y);
std::uint32_t ieee_multiply(const codec& c, std::uint32_t x, std::uint32_t y);
std::uint32_t ieee_divide(const codec& c, std::uint32_t x, std::uint32_t y);
std::uint32_t ieee_sqrt(const codec& c, std::uint32_t x);

/// The codec of `exact`: overflow as the rules say, in every format; operands and results never
/// flushed.
inline codec unflushed(const rules& rules) {
  return {rules, subnormal_policy::gradual, rules.overflow};
}

}  // namespace pamkit::reference
