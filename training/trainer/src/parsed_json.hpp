#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace pamkit::training {

/// What a JSON file that others may have written holds. Throws input_error: where it is no JSON, with
/// line and column, and where it nests deeper than anything here, since a walk through the levels of
/// a hostile file overflows the stack. `expected` says what would be right.
nlohmann::ordered_json parsed_json(const std::filesystem::path& file, const std::string& expected);

}  // namespace pamkit::training
