#pragma once

#include <cstdint>
#include <string>

#include "pamkit/properties/generator.hpp"

/// The lines of `vectors` and `check`: upper-case hexadecimal encodings without prefix, one space between
/// them.

namespace pamkit::properties {

/// How many digits an encoding of the format has: 8, 4 or 2.
inline int digits_of(const format_description& format) { return format.storage_bits / 4; }

/// Writes `digits` upper-case digits to `out`.
void write_hex(std::uint32_t bits, int digits, char* out);

/// Appends one line for each case: its operands, then its result.
void append_lines(std::string& text, const format_description& format,
                  const operand_columns& operands, const column& results);

}  // namespace pamkit::properties
