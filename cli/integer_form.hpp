#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/backend.hpp"

namespace pamkit::cli {

/// What the kernels compute, step by step as text: sums of encodings as integers, the range
/// decisions, the sign. Empty for operations and arithmetics that have no such form (compositions,
/// slopes, ordinary arithmetic).
std::vector<std::string> integer_form(std::string_view operation, const configuration& rules,
                                      std::span<const std::uint32_t> operands);

}  // namespace pamkit::cli
