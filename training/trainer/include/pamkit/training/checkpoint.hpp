#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pamkit::training {

/// Tensors by name, in order, and what else a run needs to go on.
struct checkpoint_content {
  nlohmann::ordered_json state;
  std::vector<std::pair<std::string, at::Tensor>> tensors;  ///< float32, contiguous
};

/// Writes checkpoint-STEP.bin in `folder` (under a temporary name, flushed to the disk, then renamed) and
/// removes all but the last two. The file ends in the SHA-256 of all before. Throws input_error where the disk
/// does not take it; older checkpoints are then untouched.
void save_checkpoint(const std::filesystem::path& folder, std::uint64_t step,
                     const checkpoint_content& content);

/// What a caller says of a whole checkpoint's state: nothing, or why it cannot be gone on from.
using checkpoint_judge = std::function<std::string(const std::filesystem::path& file,
                                                   const nlohmann::ordered_json& state)>;

/// Loads the newest whole checkpoint of `folder` that `judge` takes into the tensors of `content`
/// (same names and shapes) and its state. A damaged file, or one that is not taken, is named by
/// `warn` and the one before it is used. Returns the file; nothing where there is none, or all are
/// damaged. Throws input_error for a whole one of another model, or whose header is none, and where
/// none of the whole ones is taken.
std::optional<std::filesystem::path> load_checkpoint(
    const std::filesystem::path& folder, checkpoint_content& content, const checkpoint_judge& judge,
    const std::function<void(const std::string&)>& warn);

}  // namespace pamkit::training
