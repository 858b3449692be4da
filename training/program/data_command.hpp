#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>

namespace pamkit::training {

/// Adds the subcommand `data` with list, get and check. Parsing one sets `run`.
void add_data_command(CLI::App& app, std::function<int()>& run);

/// The folder of the data set that a recipe takes where no data are given, where `data get` puts it; fetched or made
/// there, with a message, unless it is there. Nothing where the recipe has no such set. Throws input_error.
std::optional<std::string> default_data(const std::string& recipe_name);

}  // namespace pamkit::training
