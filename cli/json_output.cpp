#include "json_output.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

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
  try {
    provenance::require_writable(path, force);
  } catch (const std::runtime_error& error) {
    throw failure(error.what());
  }
}

bool begins_with(const std::filesystem::path& file, std::string_view text) {
  std::string start(text.size(), '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  return in.good() && start == text;
}

void require_distinct(const std::vector<std::filesystem::path>& files) {
  try {
    provenance::require_distinct(files);
  } catch (const std::runtime_error& error) {
    throw failure(error.what());
  }
}

}  // namespace pamkit::cli
