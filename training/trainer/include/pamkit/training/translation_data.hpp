#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pamkit/training/batches.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/text_codec.hpp"

namespace pamkit::training {

/// A corpus folder as every arm of a recipe uses it.
struct translation_data {
  std::shared_ptr<const text_codec> codec;
  std::string
      corpus_key;  ///< SHA-256 over the text of the three splits and what decides their pieces
  id_corpus train;
  id_corpus valid;
  std::string test_name;
  std::vector<std::vector<std::int32_t>> test_sources;
  std::vector<std::string> test_references;
};

/// The test split as the codec has it. Throws input_error where the codec is of another text, or a
/// sentence too long (see encode_sources).
void take_test(const parallel_corpus& tested, std::size_t max_sentence_tokens,
               translation_data& data);

/// Reads and encodes train, val and the test split. Prepared text (see text_codec.hpp) takes its
/// dictionaries; other text a subword model, which is kept in `cache`. Throws input_error.
translation_data load_translation_data(const std::filesystem::path& folder, const recipe& from,
                                       const std::optional<std::string>& test,
                                       const std::filesystem::path& cache);

}  // namespace pamkit::training
