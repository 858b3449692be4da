#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace pamkit::training {

/// Adds the subcommand `operators`, whose file `pamkit audit` judges. Parsing it sets `run`.
void add_operators_command(CLI::App& app, std::function<int()>& run);

}  // namespace pamkit::training
