#include "pamkit/provenance/environment.hpp"

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "pamkit/provenance/build_information.hpp"

namespace pamkit::provenance {
namespace {

// The value of the first "KEY : VALUE" line of a file, or nothing.
std::string find_value(const std::filesystem::path& file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return {};
}

std::string cpu_name() {
  const std::string model = find_value("/proc/cpuinfo", "model name");
  return (model.empty() ? "unknown" : model) + ", " +
         std::to_string(std::thread::hardware_concurrency()) + " threads";
}

std::string gpu_names() {
  std::string names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", none)) {
    const std::string model = find_value(entry.path() / "information", "Model");
    if (!model.empty()) names += (names.empty() ? "" : ", ") + model;
  }
  return names.empty() ? "none" : names;
}

std::string utc_date() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm fields{};
  gmtime_r(&now, &fields);
  char text[sizeof "0000-00-00T00:00:00Z"];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields)};
}

}  // namespace

environment current_environment() {
  return {.version = build_version,
          .commit = build_commit,
          .compiler = build_compiler,
          .flags = build_flags,
          .cpu = cpu_name(),
          .gpu = gpu_names(),
          .date = utc_date()};
}

void to_json(nlohmann::ordered_json& json, const environment& e) {
  json = {{"version", e.version}, {"commit", e.commit}, {"compiler", e.compiler},
          {"flags", e.flags},     {"cpu", e.cpu},       {"gpu", e.gpu},
          {"date", e.date}};
}

nlohmann::ordered_json file_header(const std::string& schema) {
  nlohmann::ordered_json header = {{"schema", schema}, {"spec", "1"}};
  header["environment"] = current_environment();
  return header;
}

}  // namespace pamkit::provenance
