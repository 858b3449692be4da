#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pamkit/training/batches.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/subwords.hpp"

namespace pamkit::training {

/// A corpus folder as every arm of a recipe uses it.
struct translation_data {
  subwords pieces;
  std::string corpus_key;  ///< SHA-256 over the training text and the subword settings
  id_corpus train;
  id_corpus valid;
  std::string test_name;
  std::vector<std::vector<std::int32_t>> test_sources;
  std::vector<std::string> test_references;
};

/// Reads and encodes train, val and the test split; the subword model is kept in `cache`. Throws input_error.
translation_data load_translation_data(const std::filesystem::path& folder, const recipe& from,
                                       const std::optional<std::string>& test,
                                       const std::filesystem::path& cache);

}  // namespace pamkit::training
