#include "pamkit/training/input_error.hpp"

#include <fmt/core.h>

namespace pamkit::training {

std::string one_line(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02X}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

input_error::input_error(std::string_view where, std::string_view what, std::string_view expected)
    : std::runtime_error(
          fmt::format("{}: {}; {}", one_line(where), one_line(what), one_line(expected))) {}

}  // namespace pamkit::training
