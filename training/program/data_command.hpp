#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace pamkit::training {

/// Adds the subcommand `data` with list, get and check. Parsing one sets `run`.
void add_data_command(CLI::App& app, std::function<int()>& run);

}  // namespace pamkit::training
