#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pamkit {

/// "--NAME" of every option of a command, for suggestions.
std::vector<std::string> option_names(const CLI::App& app);

/// The first option that was given an empty value, which is what an unset variable of a script
/// becomes; null if none was.
const CLI::Option* option_with_empty_value(const CLI::App& app);

}  // namespace pamkit
