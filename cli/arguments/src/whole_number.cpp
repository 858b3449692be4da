#include "pamkit/arguments/whole_number.hpp"

#include <fmt/format.h>

#include <charconv>

namespace pamkit {

std::function<std::string(const std::string&)> whole_number(std::uint64_t least,
                                                            std::uint64_t most) {
  return [=](const std::string& text) -> std::string {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    const bool is_number = error == std::errc() && stopped == end;
    const bool is_padded = text.size() > 1 && text.starts_with('0');
    if (is_number && !is_padded && least <= value && value <= most) return "";
    return fmt::format("'{}' is no whole number from {} to {}", text, least, most);
  };
}

}  // namespace pamkit
