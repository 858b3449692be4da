#include "aims.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace pamkit::benchmarks {

std::vector<aim> read_aims(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in || std::filesystem::is_directory(file))
    throw std::runtime_error(file.string() + ": cannot be read; it holds the ratios aimed for");
  std::vector<aim> all;
  try {
    const auto json = nlohmann::json::parse(in);
    for (const auto& entry : json.at("aims")) {
      const auto text = [&entry](const char* key) { return entry.value(key, std::string()); };
      all.push_back({text("name"), text("arithmetic"), text("class"), text("shape"),
                     entry.at("baseline"), text("instruction_set"), entry.value("threads", 0),
                     entry.at("ratio"), entry.value("least", 0.0), entry.at("reason")});
    }
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(file.string() + ": entry " + std::to_string(all.size() + 1) + ": " +
                             error.what());
  }
  return all;
}

std::optional<aim> find_aim(const std::vector<aim>& aims, const aim& row) {
  for (const aim& a : aims) {
    const auto fits = [](const std::string& wanted, const std::string& found) {
      return wanted.empty() || wanted == found;
    };
    if (fits(a.name, row.name) && fits(a.arithmetic, row.arithmetic) && fits(a.data, row.data) &&
        fits(a.shape, row.shape) && fits(a.baseline, row.baseline) &&
        fits(a.instruction_set, row.instruction_set) &&
        (a.threads == 0 || a.threads == row.threads)) {
      return a;
    }
  }
  return std::nullopt;
}

}  // namespace pamkit::benchmarks
