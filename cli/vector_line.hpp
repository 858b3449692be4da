#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "pamkit/format/any_format.hpp"
#include "pamkit/properties/vector_text.hpp"

/// One case a line: upper-case hexadecimal encodings without prefix, one space between them.
namespace pamkit::cli {

using properties::digits_of;
using properties::write_hex;

std::string hex(std::uint32_t bits, const format_description& format);

/// "3FC00000 3FC00000"
std::string hex(std::span<const std::uint32_t> bits, const format_description& format);

/// Reads `digits` (at most 8) hexadecimal digits of either case. False where one of them is not.
bool read_hex(const char* text, int digits, std::uint32_t& bits);

/// How far apart two encodings are, in units of the last kept place: "3 ulp"; the number of
/// encodings between them on the real line, so that the two zeros are 0 apart and the largest
/// finite value is 1 from infinity. "a NaN" where one of them is NaN; where `got` is no encoding of
/// the format, that.
std::string distance(std::uint32_t got, std::uint32_t expected, const format_description& format);

}  // namespace pamkit::cli
