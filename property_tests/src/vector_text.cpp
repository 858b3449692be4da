#include "pamkit/properties/vector_text.hpp"

#include <array>

namespace pamkit::properties {
namespace {

// The two digits of every byte.
constexpr std::array<std::array<char, 2>, 256> kBytes = [] {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::array<std::array<char, 2>, 256> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = {kDigits[i >> 4], kDigits[i & 15]};
  return bytes;
}();

}  // namespace

void write_hex(std::uint32_t bits, int digits, char* out) {
  for (int shift = 4 * digits - 8; shift >= 0; shift -= 8) {
    const auto& byte = kBytes[(bits >> shift) & 0xff];
    *out++ = byte[0];
    *out++ = byte[1];
  }
}

void append_lines(std::string& text, const format_description& format,
                  const operand_columns& operands, const column& results) {
  const int digits = digits_of(format);
  const std::size_t width = (operands.size() + 1) * static_cast<std::size_t>(digits + 1);
  const std::size_t end = text.size();
  text.resize(end + width * results.size());
  char* out = text.data() + end;
  const auto append = [&](std::uint32_t bits, char separator) {
    write_hex(bits, digits, out);
    out += digits;
    *out++ = separator;
  };
  for (std::size_t i = 0; i < results.size(); ++i) {
    for (const column& operand : operands) append(operand[i], ' ');
    append(results[i], '\n');
  }
}

}  // namespace pamkit::properties
