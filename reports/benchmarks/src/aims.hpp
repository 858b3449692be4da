#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pamkit::benchmarks {

/// A ratio that the project aims for: the least speed of a kernel over that of a baseline. Texts
/// are compared as they are; an empty one stands for any.
struct aim {
  std::string name, arithmetic, data, shape, baseline;
  std::string instruction_set;
  double ratio = 0;
  std::string reason;
};

/// Reads {"aims": [...]}. Throws std::runtime_error with file and entry.
std::vector<aim> read_aims(const std::filesystem::path& file);

/// The first aim for a row; nothing if there is none.
std::optional<aim> find_aim(const std::vector<aim>& aims, const aim& row);

}  // namespace pamkit::benchmarks
