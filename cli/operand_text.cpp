#include "operand_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "console.hpp"
#include "failure.hpp"
#include "pamkit/reference/exact_value.hpp"
#include "vector_line.hpp"

namespace pamkit::cli {
namespace {

// So many digits, and exponents up to this, are taken; more would only cost time.
constexpr std::size_t kMaxDigits = 400;
constexpr int kMaxExponent = 400;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// DIGITS[.DIGITS][e[+-]DIGITS] without sign, exactly. False where it is something else.
bool read_decimal(std::string_view text, reference::rational& value) {
  using reference::integer;
  integer digits = 0;
  std::size_t count = 0;
  int scale = 0;
  std::size_t i = 0;
  bool point = false;
  for (; i < text.size() && (is_digit(text[i]) || (text[i] == '.' && !point)); ++i) {
    if (text[i] == '.') {
      point = true;
      continue;
    }
    digits = digits * 10 + (text[i] - '0');
    if (point) --scale;
    if (++count > kMaxDigits) return false;
  }
  if (count == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    std::string_view rest = text.substr(i + 1);
    if (rest.starts_with('+')) rest.remove_prefix(1);
    int exponent = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
    if (error != std::errc{} || exponent > kMaxExponent || exponent < -kMaxExponent) return false;
    scale += exponent;
    i = text.size() - static_cast<std::size_t>(rest.data() + rest.size() - end);
  }
  if (i != text.size()) return false;
  const integer power =
      boost::multiprecision::pow(integer(10), static_cast<unsigned>(std::abs(scale)));
  value =
      scale < 0 ? reference::rational::ratio(digits, power) : reference::rational(digits * power);
  return true;
}

std::uint32_t read(const std::string& name, const std::string& text,
                   const format_description& format, bool any_bits) {
  const int digits = digits_of(format);
  std::uint32_t bits = 0;
  const bool prefixed = text.starts_with("0x") || text.starts_with("0X");
  const std::string hexadecimal = prefixed ? text.substr(2) : text;
  if (hexadecimal.size() == static_cast<std::size_t>(digits) &&
      read_hex(hexadecimal.data(), digits, bits)) {
    if (!any_bits && !format.is_well_formed(bits)) {
      throw failure(fmt::format("{}: {} has one of the low {} bits set, which {} drops", name,
                                in_quotes(text), format.dropped_bits, format.name));
    }
    return bits;
  }
  std::string_view number = text;
  const bool negative = number.starts_with('-');
  const bool sign = negative || number.starts_with('+');
  if (sign) number.remove_prefix(1);
  if (number == "inf" && format.has_infinity)
    return format.infinity | (negative ? format.sign_mask : 0);
  if (number == "nan") return format.nan | (negative ? format.sign_mask : 0);
  reference::rational value;
  if (!prefixed && (sign || number.find('.') != std::string_view::npos) &&
      read_decimal(number, value)) {
    return reference::encode(value, negative, format, subnormal_policy::gradual,
                             overflow_policy::infinity);
  }
  throw failure(fmt::format(
      "{}: {} is no {} operand; write {} hexadecimal digits, as {} for 1, or a decimal number "
      "with a point or a sign, as 1.5",
      name, in_quotes(text), format.name, digits, hex(format.one, format)));
}

}  // namespace

std::uint32_t read_operand(const std::string& name, const std::string& text,
                           const format_description& format) {
  return read(name, text, format, false);
}

std::uint32_t read_result(const std::string& name, const std::string& text,
                          const format_description& format) {
  return read(name, text, format, true);
}

}  // namespace pamkit::cli
