#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

/// Results go to standard output, complaints and progress to standard error. A reader that closes
/// the pipe ends the printing, not the work; any other error of standard output is reported once,
/// at the end.
namespace pamkit::cli {

void write_out(std::string_view text);

template <class... Args>
void print_out(fmt::format_string<Args...> format, Args&&... args) {
  write_out(fmt::format(format, std::forward<Args>(args)...));
}

/// The errno of the first failed write to standard output, or 0. Flushes.
int output_error();

/// Writes "pamkit COMMAND: message" as one line to standard error.
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
