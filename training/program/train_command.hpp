#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace pamkit::training {

/// Adds the subcommand `train`; where it is given, `run` becomes what does it and returns the exit code.
void add_train_command(CLI::App& app, std::function<int()>& run);

}  // namespace pamkit::training
