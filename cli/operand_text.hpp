#pragma once

#include <cstdint>
#include <string>

#include "pamkit/format/any_format.hpp"

namespace pamkit::cli {

/// Reads an operand of the command line: an encoding (as many hexadecimal digits as the format has,
/// "0x" allowed before them), or a decimal number, which a sign or a point tells from it ("1.5",
/// "-0.1", "+3", "-inf", "-nan"), rounded once to the nearest encoding, gradually. Throws
/// `failure`, which calls the operand `name`.
std::uint32_t read_operand(const std::string& name, const std::string& text,
                           const format_description& format);

/// The same for what an implementation answered, where bits that binary32mN drops may be set.
std::uint32_t read_result(const std::string& name, const std::string& text,
                          const format_description& format);

}  // namespace pamkit::cli
