#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pamkit/training/arm.hpp"
#include "pamkit/training/parameters.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/text_codec.hpp"

namespace pamkit::training {

/// One of the equal parts that the batch of an update is cut into (training.parts of a recipe).
struct batch_part {
  std::int64_t index = 0;
  std::int64_t count = 1;

  /// Of `rows` rows of the batch those of this part: [first, second).
  std::pair<std::size_t, std::size_t> rows_of(std::size_t rows) const {
    const auto parts = static_cast<std::size_t>(count);
    const auto i = static_cast<std::size_t>(index);
    return {rows * i / parts, rows * (i + 1) / parts};
  }
};

/// What a part of an update saw.
struct part_result {
  double loss = 0;            ///< mean over its items, as the arm computes it; 0 where it has none
  std::size_t items = 0;      ///< target tokens, images or bytes of the part
  std::size_t all_items = 0;  ///< of the batch

  /// The part's share in the batch's mean.
  double share() const { return static_cast<double>(items) / static_cast<double>(all_items); }
};

/// Parts [first, end) of `count`: those that this process computes.
struct own_parts {
  std::int64_t first = 0;
  std::int64_t end = 1;
  std::int64_t count = 1;
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

/// Asked now and then in long work, with the share of it that is done, from 0 to 1: whether to go
/// on.
using go_on = std::function<bool(double)>;

/// A model of a recipe with an arm, and the data it learns from. No state but parameters and
/// buffers: the batch of an update is a function of seed and step.
class task {
 public:
  virtual ~task() = default;
  virtual parameter_list& parameters() = 0;

  /// The forward and backward pass of a part of update `step` (from 0). The gradients of the part's
  /// loss times its share are left in the parameters; none where it has no items. Updates come in
  /// ascending order from any first one on, each with the parts of this process in ascending order.
  virtual part_result forward_backward(std::uint64_t step, const batch_part& part) = 0;

  /// Passes that meet the kernels and shapes of training: for verification. Nothing is updated.
  virtual void sample_passes() = 0;

  virtual validation_result validate() = 0;

  /// Measures on the test data, and writes what the recipe's task writes into `folder`.
  /// Where `keep_going` says false the result is nothing.
  virtual std::optional<test_result> test(const std::filesystem::path& folder,
                                          const go_on& keep_going) = 0;
};

/// The data of a recipe, shared by the runs of all arms and seeds.
class dataset {
 public:
  virtual ~dataset() = default;

  /// What identifies the data, for config.json and summary.json: "corpus_sha256", "test".
  virtual nlohmann::ordered_json identity() const = 0;
  /// How much of them there is, for summary.json: "examples", and of text "dropped".
  virtual nlohmann::ordered_json sizes() const = 0;
  /// What is left out of them, a line each.
  virtual std::vector<std::string> notes() const { return {}; }
  virtual std::size_t updates_per_epoch() const = 0;
  /// "tokens" or "images": of rates.
  virtual std::string items() const = 0;
  /// A task of `steps` updates of which this process computes `own`.
  virtual std::unique_ptr<task> make_task(const arm& products, std::uint64_t seed,
                                          std::uint64_t steps, const own_parts& own) const = 0;
  /// Memory that the largest part of an update takes at least, or validation where that is more;
  /// 0 where the data bound it.
  virtual double least_bytes_of_part() const { return 0; }
  /// Writes what evaluate and translate need into a run's folder.
  virtual void save(const std::filesystem::path& folder) const = 0;
  /// SHA-256 of the files that save() writes.
  virtual file_digests vocabulary() const { return {}; }
};

/// Reads the data of a recipe, which must outlive them; `test` names a test split of text. `cache`
/// is a folder for what is made once. Throws input_error.
std::unique_ptr<dataset> load_dataset(const recipe& what, const std::filesystem::path& folder,
                                      const std::optional<std::string>& test,
                                      const std::filesystem::path& cache);

/// "examples" of dataset::sizes().
nlohmann::ordered_json examples(const char* unit, std::size_t train, std::size_t validation,
                                std::size_t test);

// One loader for each task.
std::unique_ptr<dataset> load_translation(const recipe&, const std::filesystem::path&,
                                          const std::optional<std::string>& test,
                                          const std::filesystem::path& cache);
std::unique_ptr<dataset> load_images(const recipe&, const std::filesystem::path&);
std::unique_ptr<dataset> load_characters(const recipe&, const std::filesystem::path&);

}  // namespace pamkit::training
