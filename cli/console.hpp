#pragma once

#include <string>
#include <string_view>

#include "pamkit/provenance/standard_output.hpp"

/// Results go to standard output, complaints and progress to standard error.
namespace pamkit::cli {

using provenance::print_out;
using provenance::write_out;

/// Writes "pamkit COMMAND: message" as one line to standard error, control characters as \xNN.
void complain(std::string_view message);

/// Names the command in later complaints.
void name_command(std::string_view name);

/// The command line as it was typed, for the files that say how they were made: "./pamkit report --out page",
/// an argument with other than plain characters in single quotes. Empty before remember_command_line.
std::string typed_command();
void remember_command_line(int argc, const char* const* argv);

/// `text` in single quotes, fit for one line of a message: control characters and bytes that are
/// not ASCII become \xNN, and what exceeds 40 characters is cut.
std::string in_quotes(std::string_view text);

}  // namespace pamkit::cli
