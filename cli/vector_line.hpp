#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "pamkit/format/any_format.hpp"

/// One case a line: upper-case hexadecimal encodings without prefix, one space between them.
namespace pamkit::cli {

/// How many digits an encoding of the format has: 8, 4 or 2.
inline int digits_of(const format_description& format) { return format.storage_bits / 4; }

/// Writes `digits` upper-case digits to `out`.
void write_hex(std::uint32_t bits, int digits, char* out);

std::string hex(std::uint32_t bits, const format_description& format);

/// "3FC00000 3FC00000"
std::string hex(std::span<const std::uint32_t> bits, const format_description& format);

/// Reads `digits` (at most 8) hexadecimal digits of either case. False where one of them is not.
bool read_hex(const char* text, int digits, std::uint32_t& bits);

/// How far apart two encodings are, in units of the last kept place: "3 ulp"; the number of
/// encodings between them on the real line, so that the two zeros are 0 apart and the largest
/// finite value is 1 from infinity. "a NaN" where one of them is NaN.
std::string distance(std::uint32_t got, std::uint32_t expected, const format_description& format);

}  // namespace pamkit::cli
