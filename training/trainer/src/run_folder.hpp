#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "pamkit/training/text_codec.hpp"

namespace pamkit::training {

/// A run's folder, held by this process alone while the object lives.
class run_folder {
 public:
  /// Makes the folder where it is missing. Throws input_error where that is not possible or another process
  /// holds it.
  explicit run_folder(std::filesystem::path path);
  run_folder(const run_folder&) = delete;
  run_folder& operator=(const run_folder&) = delete;
  ~run_folder();

  const std::filesystem::path& path() const { return path_; }

  /// Removes what a run wrote into it.
  void clear() const;

  /// Writes config.json with `description` under "run" and, where there are any, the digests of the
  /// files of the vocabulary; or compares the description with the one there. Throws input_error
  /// naming the first key that differs.
  void claim_for(const nlohmann::ordered_json& description, const file_digests& vocabulary) const;

  /// summary.json where it is there.
  std::optional<nlohmann::ordered_json> summary() const;

 private:
  std::filesystem::path path_;
  int directory_ = -1;
};

}  // namespace pamkit::training
