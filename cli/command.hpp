#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "failure.hpp"

namespace pamkit::cli {

/// One command of the program. `commands/NAME.cpp` defines one function `command commands::NAME()`;
/// the table of commands is generated from that folder.
struct command {
  std::string name;
  std::string summary;   ///< one line
  std::string examples;  ///< lines of the help text, each a whole command line
  /// The exit codes this command has beyond 0 and 2, as lines of the help text.
  std::string exit_codes;
  /// Whether words such as -1.5 and -inf are values and no options. They arrive with a space before
  /// them, which the command takes off.
  bool takes_negative_numbers = false;
  /// Adds the options and gives back what runs the command after parsing. It may throw `failure`.
  std::function<std::function<exit_code()>(CLI::App&)> attach;
};

/// Every command, in alphabetical order.
std::vector<command> all_commands();

}  // namespace pamkit::cli
