#include "error_page/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "page.hpp"

namespace pamkit::reports {
namespace {

constexpr int kFullDigits = 10;
constexpr int kSampledExtremeDigits = 6;

std::uint32_t bits_of(std::string_view hex) {
  std::uint32_t bits = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), bits, 16);
  return bits;
}

struct fields {
  bool sign;
  std::uint32_t exponent;
  std::uint32_t fraction;
};

fields fields_of(const format_description& f, std::uint32_t bits) {
  const std::uint32_t magnitude = bits & f.magnitude_mask;
  return {f.sign(bits), magnitude >> f.fraction_bits, magnitude & (f.min_normal - 1)};
}

// "+1.5 x 2^0"; the significand is exact, since it has at most 24 bits.
std::string value_text(const format_description& f, std::uint32_t bits) {
  const fields x = fields_of(f, bits);
  const char* sign = x.sign ? "-" : "+";
  if (f.is_nan(bits)) return "NaN";
  if (f.is_infinite(bits)) return fmt::format("{}infinity", sign);
  if (f.is_zero(bits)) return fmt::format("{}0", sign);
  const bool subnormal = f.is_subnormal(bits);
  const double fraction = std::ldexp(static_cast<double>(x.fraction), -f.fraction_bits);
  const int exponent = subnormal ? 1 - f.bias : static_cast<int>(x.exponent) - f.bias;
  return fmt::format("{}{:.9g}&thinsp;&times;&thinsp;2<sup>{}</sup>", sign,
                     subnormal ? fraction : 1 + fraction, exponent);
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::ranges::any_of(starts,
                             [&](std::string_view start) { return text.starts_with(start); });
}

}  // namespace

std::string number(double value, int digits) { return fmt::format("{:.{}g}", value, digits); }

std::string grouped(std::uint64_t n) {
  if (n >= (std::uint64_t{1} << 32) && std::has_single_bit(n)) {
    return fmt::format("2<sup>{}</sup>", std::countr_zero(n));
  }
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, "&#8239;");
  }
  return digits;
}

std::string value_html(const bound_row& row) {
  if (row.evidence != "sampled") return number(row.value, kFullDigits);
  if (row.metric.starts_with("min")) return "&le;&nbsp;" + number(row.value, kSampledExtremeDigits);
  if (starts_with_any(row.metric, {"max", "worst"}))
    return "&ge;&nbsp;" + number(row.value, kSampledExtremeDigits);
  constexpr int kFewestDigits = 4;
  const double known = std::log10(static_cast<double>(std::max<std::uint64_t>(row.cases, 1))) / 2;
  return number(row.value, std::clamp(static_cast<int>(known) + 1, kFewestDigits, kFullDigits));
}

std::string short_fraction(const bound_row& row) {
  constexpr std::size_t kLongest = 14;
  const bool whole = row.exact.ends_with("/1");
  return row.exact.size() <= kLongest && !whole ? escape_html(row.exact) : "";
}

std::string evidence_label(std::string_view evidence) {
  return fmt::format("<span class=\"evidence {0}\">{0}</span>", escape_html(evidence));
}

std::string encoding_html(const format_description& f, std::string_view hex) {
  const fields x = fields_of(f, bits_of(hex));
  return fmt::format(
      "<span class=\"hex\">{} <span class=\"split\">{}|{:0{}X}|{:0{}X}</span></span>",
      escape_html(hex), x.sign ? 1 : 0, x.exponent, (f.exponent_bits + 3) / 4, x.fraction,
      (f.fraction_bits + 3) / 4);
}

std::string decoded_html(const format_description& f, std::string_view hex) {
  return fmt::format("{} <span class=\"faint\">{}</span>", encoding_html(f, hex),
                     value_text(f, bits_of(hex)));
}

}  // namespace pamkit::reports
