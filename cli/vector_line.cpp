#include "vector_line.hpp"

#include <fmt/format.h>

#include <array>

namespace pamkit::cli {
namespace {

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> kDigitValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 10; ++i) values['0' + i] = i;
  for (std::uint8_t i = 0; i < 6; ++i) {
    values['A' + i] = static_cast<std::uint8_t>(10 + i);
    values['a' + i] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}();

}  // namespace

std::string hex(std::uint32_t bits, const format_description& format) {
  std::string text(static_cast<std::size_t>(digits_of(format)), '0');
  write_hex(bits, digits_of(format), text.data());
  return text;
}

std::string hex(std::span<const std::uint32_t> bits, const format_description& format) {
  std::string text;
  for (const std::uint32_t x : bits) {
    if (!text.empty()) text += ' ';
    text += hex(x, format);
  }
  return text;
}

bool read_hex(const char* text, int digits, std::uint32_t& bits) {
  std::uint32_t value = 0;
  std::uint8_t seen = 0;
  for (int i = 0; i < digits; ++i) {
    const std::uint8_t digit = kDigitValues[static_cast<unsigned char>(text[i])];
    seen |= digit;
    value = value << 4 | (digit & 15U);
  }
  bits = value;
  return (seen & 0xf0) == 0;
}

std::string distance(std::uint32_t got, std::uint32_t expected, const format_description& format) {
  if (!format.is_well_formed(got)) {
    return fmt::format("one of the low {} bits set, which {} drops", format.dropped_bits,
                       format.name);
  }
  if (format.is_nan(got) || format.is_nan(expected)) return "a NaN";
  const auto position = [&](std::uint32_t x) {
    const auto magnitude =
        static_cast<std::int64_t>((x & format.magnitude_mask) >> format.dropped_bits);
    return format.sign(x) ? -magnitude : magnitude;
  };
  const std::int64_t apart = position(got) - position(expected);
  if (apart == 0 && got != expected) return "0 ulp, the other zero";
  return fmt::format("{} ulp", apart < 0 ? -apart : apart);
}

}  // namespace pamkit::cli
