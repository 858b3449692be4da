#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace pamkit::training {

/// "No space left on device" and the like, of errno.
std::string last_error();

/// Writes all bytes to an open file. Throws input_error naming `path`.
void write_all(int file, std::string_view bytes, const std::filesystem::path& path);

/// Throws input_error where write_durably could not write `path`, so that no work is done for
/// nothing.
void require_writable(const std::filesystem::path& path);

/// Writes a file that is whole or not there, flushed to the disk with its folder: temporary name,
/// rename. Throws input_error naming `path`.
void write_durably(const std::filesystem::path& path, std::string_view bytes);

/// The same for text, every line ended.
void write_lines_durably(const std::filesystem::path& path, std::span<const std::string> lines);

}  // namespace pamkit::training
