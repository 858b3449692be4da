#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pamkit::provenance {

/// Where and by what a file was made. Every file that this project writes carries one.
struct environment {
  std::string version;  ///< of this project
  std::string
      commit;  ///< of the source tree when it was built, with "-modified" after local changes
  std::string compiler;  ///< name and version
  std::string flags;     ///< those that the libraries were compiled with
  std::string cpu;       ///< model name and number of hardware threads
  std::string gpu;       ///< model names, or "none"
  std::string date;      ///< UTC, ISO 8601
};

/// The environment of this program, on this machine, now.
environment current_environment();

/// The object of the "environment" field.
void to_json(nlohmann::ordered_json& json, const environment& e);

/// The fields that every file starts with: "schema", "spec" (the version of the specification) and
/// "environment".
nlohmann::ordered_json file_header(const std::string& schema);

}  // namespace pamkit::provenance
