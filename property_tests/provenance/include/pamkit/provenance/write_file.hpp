#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace pamkit::provenance {

/// Where a result that is to go to a path ends up.
struct destination {
  std::filesystem::path file;  ///< the path with symbolic links of its last name followed
  bool is_replaced =
      true;  ///< a regular file, or nothing yet; else a device, a FIFO, something open
};

/// The destination behind a path. Throws std::runtime_error for a folder and for links that go
/// round.
destination destination_of(const std::filesystem::path& path);

/// Writes a file that appears whole or not at all: the text goes to a file beside it, which is then
/// renamed. Missing folders are made. A symbolic link stays, and what it leads to is written. What
/// is no regular file (a device, a FIFO, /dev/stdout) is written through, never replaced. Throws
/// std::runtime_error with the path and the reason.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// Says before any work whether a result could be written: throws std::runtime_error with path, reason
/// and what would be right where it could not, and, unless `force`, where a file is there that no
/// program of the project wrote (those name a schema, "pamkit...", within their first 200 bytes).
void require_writable(const std::filesystem::path& path, bool force);

/// Throws std::runtime_error where one of these results would be written over another. Empty paths,
/// "-", devices and FIFOs keep none and are passed over.
void require_distinct(const std::vector<std::filesystem::path>& files);

}  // namespace pamkit::provenance
