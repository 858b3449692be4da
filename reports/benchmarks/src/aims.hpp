#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pamkit::benchmarks {

/// A ratio that the project aims for: the least speed of a kernel over that of a baseline. Texts
/// are compared as they are; an empty one, and no number of threads, stand for any.
struct aim {
  std::string name, arithmetic, data, shape, baseline;
  std::string instruction_set;
  int threads = 0;
  double ratio = 0;
  double least = 0;  ///< what a build must reach (`--check`); 0 if nothing
  std::string reason;
};

/// Reads {"aims": [...]}. Throws std::runtime_error with file and entry.
std::vector<aim> read_aims(const std::filesystem::path& file);

/// The first aim for a row; nothing if there is none.
std::optional<aim> find_aim(const std::vector<aim>& aims, const aim& row);

}  // namespace pamkit::benchmarks
