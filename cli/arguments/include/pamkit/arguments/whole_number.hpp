#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace pamkit {

/// More of anything than a command is asked for: the default end of a range.
inline constexpr std::uint64_t kMostAsked = 1'000'000'000;

/// A check of an option's text: nothing where it is a whole number from `least` to `most`, in
/// decimal digits without a sign and without zeros before it (the library that reads options takes
/// 010 for 8), else what is wrong.
std::function<std::string(const std::string&)> whole_number(std::uint64_t least,
                                                            std::uint64_t most = kMostAsked);

}  // namespace pamkit
