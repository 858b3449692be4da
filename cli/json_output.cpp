#include "json_output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "console.hpp"
#include "failure.hpp"
#include "pamkit/provenance/write_file.hpp"

namespace pamkit::cli {

void write_text(const std::string& text, const std::filesystem::path& file) {
  provenance::flush_out();  // FILE may be a name of standard output
  try {
    provenance::write_file_atomically(file, text);
  } catch (const std::exception& error) {
    throw failure(fmt::format("{}; name a place that can be written", error.what()));
  }
}

void write_json(const nlohmann::ordered_json& document, const std::string& file) {
  const std::string text = document.dump(2) + "\n";
  if (file.empty() || file == "-") {
    write_out(text);
  } else {
    write_text(text, file);
  }
}

void require_writable(const std::filesystem::path& path, bool force) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw failure(
        fmt::format("cannot write {}: it is a directory; name another place", path.string()));
  }
  provenance::destination to;
  try {
    to = provenance::destination_of(path);
  } catch (const std::exception& error) {
    throw failure(fmt::format("{}; name a place that can be written", error.what()));
  }
  const std::filesystem::path& file = to.file;
  if (!to.is_replaced) {  // a device or a FIFO: it has no contents to look at
    if (access(file.c_str(), W_OK) != 0) {
      throw failure(fmt::format("cannot write {}: {}; name a place that can be written",
                                path.string(), std::strerror(errno)));
    }
    return;
  }
  // The nearest folder above that exists is where files and folders would be made.
  std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  while (!std::filesystem::exists(folder, ignored) && folder.has_relative_path())
    folder = folder.parent_path();
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw failure(fmt::format("cannot write {}: {} is no folder; name another place", file.string(),
                              folder.string()));
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw failure(fmt::format("cannot write {}: {}: {}; name a place that can be written",
                              file.string(), folder.string(), std::strerror(errno)));
  }
  if (force || !std::filesystem::exists(file, ignored)) return;
  std::string start(200, '\0');
  std::ifstream(file, std::ios::binary)
      .read(start.data(), static_cast<std::streamsize>(start.size()));
  if (start.find("\"pamkit.") == std::string::npos) {
    throw failure(
        fmt::format("{} exists and was not written by pamkit; name another --out, or say --force",
                    file.string()));
  }
}

}  // namespace pamkit::cli
