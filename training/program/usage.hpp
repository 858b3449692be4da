#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace pamkit::training {

/// What is wrong with the command line that `app` could not parse, as one line that ends with the
/// help to read.
std::string usage_message(const CLI::ParseError& error, const CLI::App& app);

/// Throws input_error where the command that was parsed has an option or argument with an empty
/// value: it is what an unset variable of a script becomes, and would be taken for an option that
/// was not given.
void refuse_empty_values(const CLI::App& app);

/// The end of a command's help: its examples, whole lines that are indented by two, and its exit
/// codes; what 1 and 3 mean where the command has them.
std::string help_footer(std::string_view examples, std::string_view failed = "",
                        std::string_view missing = "");

}  // namespace pamkit::training
