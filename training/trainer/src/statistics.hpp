#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "pamkit/training/run.hpp"

namespace pamkit::training {

/// Computes one training step, the first one's batch and dropout masks, with a run's trained
/// parameters, and writes what it shows to statistics.json, schema pamkit.statistics/1, whole: of
/// every layer the arm's products against exact ones of the same operands, of every parameter the
/// gradient against that of the same model with exact arithmetic, and what every operator
/// multiplies. Nothing of the run itself changes. The bits are those of any number of threads.
/// Throws input_error where the parameters cannot be read or the file not be written.
void write_statistics(const run_request& request, const std::filesystem::path& folder);

}  // namespace pamkit::training
