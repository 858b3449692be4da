#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "pamkit/training/arm.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/task.hpp"
#include "pamkit/training/workers.hpp"

namespace pamkit::training {

/// What a run tells while it works.
struct run_progress {
  std::string folder;
  std::string phase;  ///< "verify", "train", "validate", "test", "statistics"
  std::uint64_t step = 0;
  std::uint64_t total_steps = 0;
  double loss = 0;
  double items_per_second = 0;
};

/// One run: an arm and a seed of a recipe, in its own folder.
struct run_request {
  const recipe& what;
  const dataset& data;
  arm products;
  std::uint64_t seed = 1;
  std::filesystem::path out;  ///< run folders lie in it
  bool force = false;         ///< redo a run that is there
  std::function<void(const run_progress&)> progress;
  std::function<void(const std::string&)> note;  ///< one line for standard error
  workers& job;  ///< those that train; all make the same request, and worker 0 alone writes
};

/// How a run ended.
struct run_outcome {
  std::filesystem::path folder;
  std::string arithmetic;
  std::uint64_t seed = 0;
  std::string status;  ///< "complete", "diverged", "unverified"
  bool was_there = false;
  std::uint64_t steps = 0;
  double valid_loss = 0;
  std::string metric;
  double value = 0;
  double step_seconds = 0;  ///< median
  std::string parameters_sha256;
};

/// ARITHMETIC[+SCOPE][+exact][+FORMAT]-SEED, scope matmul, approx and binary32 not written, with ":" written "_".
std::string run_folder_name(const arm& products, std::uint64_t seed);

/// Updates of a run.
std::uint64_t total_updates(const recipe& what, const dataset& data);

/// Trains, or goes on from the last whole checkpoint, then measures on the test data and writes parameters.safetensors
/// and the summary, then statistics.json. A run whose summary is there is not redone; where statistics.json is missing
/// it is added. Throws input_error (folder of another run, no space, workers that cannot share the recipe's parts or
/// that have other data), interrupted, job_failed.
run_outcome run_training(const run_request& request);

}  // namespace pamkit::training
