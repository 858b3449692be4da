#pragma once

#include <cstdint>

namespace pamkit::properties {

/// A tensor that a command is about has at most as many elements as a line, or a command line,
/// holds.
inline constexpr std::int64_t most_elements = 1 << 20;

}  // namespace pamkit::properties
