#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pamkit/training/arm.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/task.hpp"
#include "pamkit/training/text_codec.hpp"

namespace pamkit::training {

/// A finished run, from its folder.
struct trained_run {
  std::filesystem::path folder;
  recipe what;
  arm products;
  std::uint64_t seed = 1;
  nlohmann::ordered_json classes;  ///< of images: their names in order
  /// Of the files of its vocabulary; nothing where there is none or the run is an older version's.
  std::optional<file_digests> vocabulary;
};

/// Throws input_error: no folder of a run, one that is not finished, or another version's.
trained_run open_run(const std::filesystem::path& folder);

/// What a run's parameters are worth.
struct evaluated {
  test_result measured;
  std::vector<std::string> hypotheses;  ///< of translation
};

/// Measures the run's parameters on data: of translation on the test split called `test` (or the
/// first), of images and bytes on the validation data. Of translation the hypotheses are written to
/// the file `hypotheses` if that is not empty and not "-". Throws input_error, also where the data
/// are of another kind: prepared text for a run of raw text, other classes, unknown words;
/// interrupted where `keep_going` says false.
evaluated evaluate(const trained_run& run, const std::filesystem::path& data,
                   const std::optional<std::string>& test, const std::filesystem::path& hypotheses,
                   const go_on& keep_going);

/// Translations of sentences, in their order. Throws input_error where the run is of another task
/// or does not know half of the words; interrupted where `keep_going` says false.
std::vector<std::string> translate_lines(const trained_run& run,
                                         const std::vector<std::string>& lines,
                                         const go_on& keep_going);

}  // namespace pamkit::training
