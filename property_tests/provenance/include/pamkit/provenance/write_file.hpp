#pragma once

#include <filesystem>
#include <string_view>

namespace pamkit::provenance {

/// Writes a file that appears whole or not at all: the text goes to a file beside it, which is then
/// renamed. Missing folders are made. Throws std::runtime_error with the path and the reason.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace pamkit::provenance
