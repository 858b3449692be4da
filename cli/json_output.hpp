#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pamkit::cli {

/// Writes a document to FILE, whole or not at all; "-" and an empty text are standard output.
/// Throws `failure`.
void write_json(const nlohmann::ordered_json& document, const std::string& file);

/// Writes a text to FILE, whole or not at all; through a device, a FIFO or a name of standard
/// output. Throws `failure`.
void write_text(const std::string& text, const std::filesystem::path& file);

/// Refuses, before any work is done, a result file that could not be written: in a place where no
/// file can be made, or over a file that is none of pamkit's own (unless `force`).
void require_writable(const std::filesystem::path& file, bool force);

/// Whether a file is there and begins with a text, by which files that hold no schema are known.
bool begins_with(const std::filesystem::path& file, std::string_view text);

/// Refuses results of which one would be written over the other. Empty paths, "-", devices and
/// FIFOs keep none and are passed over.
void require_distinct(const std::vector<std::filesystem::path>& files);

}  // namespace pamkit::cli
