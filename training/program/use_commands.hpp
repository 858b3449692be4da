#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace pamkit::training {

/// Adds the subcommands `evaluate` and `translate`. Parsing one sets `run`.
void add_use_commands(CLI::App& app, std::function<int()>& run);

}  // namespace pamkit::training
