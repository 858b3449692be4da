#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pamkit/training/arm.hpp"
#include "pamkit/training/parameters.hpp"
#include "pamkit/training/recipe.hpp"

namespace pamkit::training {

/// What one update saw.
struct update_result {
  double loss = 0;        ///< as the arm computes it
  std::size_t items = 0;  ///< target tokens, images or bytes
};

/// What validation says.
struct validation_result {
  double loss = 0;     ///< ordinary cross entropy per item in nats, without smoothing and dropout
  std::string metric;  ///< "perplexity" or "accuracy"
  double value = 0;
};

/// The result of a run: its metric on the test data.
struct test_result {
  std::string metric;  ///< "bleu", "accuracy" or "perplexity"
  double value = 0;
  std::string signature;  ///< how it was measured
  nlohmann::ordered_json details;
  double seconds = 0;
};

/// A model of a recipe with an arm, and the data it learns from. No state but parameters and
/// buffers: the batch of an update is a function of seed and step.
class task {
 public:
  virtual ~task() = default;
  virtual parameter_list& parameters() = 0;

  /// The forward and backward pass of update `step` (from 0); gradients are left in the parameters.
  /// Updates come in ascending order from any first one on.
  virtual update_result forward_backward(std::uint64_t step) = 0;

  /// Passes that meet the kernels and shapes of training: for verification. Nothing is updated.
  virtual void sample_passes() = 0;

  virtual validation_result validate() = 0;

  /// Measures on the test data, and writes what the recipe's task writes into `folder`.
  /// `keep_going` is asked now and then; where it says false the result is nothing.
  virtual std::optional<test_result> test(const std::filesystem::path& folder,
                                          const std::function<bool()>& keep_going) = 0;
};

/// The data of a recipe, shared by the runs of all arms and seeds.
class dataset {
 public:
  virtual ~dataset() = default;

  /// What identifies the data, for config.json and summary.json: "corpus_sha256", "test".
  virtual nlohmann::ordered_json identity() const = 0;
  virtual std::size_t updates_per_epoch() const = 0;
  /// "tokens" or "images": of rates.
  virtual std::string items() const = 0;
  /// A task of `steps` updates.
  virtual std::unique_ptr<task> make_task(const arm& products, std::uint64_t seed,
                                          std::uint64_t steps) const = 0;
  /// Writes what evaluate and translate need into a run's folder.
  virtual void save(const std::filesystem::path& folder) const = 0;
};

/// Reads the data of a recipe, which must outlive them; `test` names a test split of text. `cache`
/// is a folder for what is made once. Throws input_error.
std::unique_ptr<dataset> load_dataset(const recipe& what, const std::filesystem::path& folder,
                                      const std::optional<std::string>& test,
                                      const std::filesystem::path& cache);

// One loader for each task.
std::unique_ptr<dataset> load_translation(const recipe&, const std::filesystem::path&,
                                          const std::optional<std::string>& test,
                                          const std::filesystem::path& cache);
std::unique_ptr<dataset> load_images(const recipe&, const std::filesystem::path&);
std::unique_ptr<dataset> load_characters(const recipe&, const std::filesystem::path&);

}  // namespace pamkit::training
