#include <fmt/format.h>

#include <map>

#include "page.hpp"
#include "pamkit/reports/error_report.hpp"

namespace pamkit::reports {
namespace {

struct entry {
  std::string value;
  std::string exact;
  friend bool operator==(const entry&, const entry&) = default;
  std::string text() const { return exact.empty() ? value : fmt::format("{} ({})", value, exact); }
};

using bound_table = std::map<std::string, entry>;

bound_table read_bounds(const std::filesystem::path& file) {
  const nlohmann::json json = read_json(file);
  const std::string advice = ": no report of schema pamkit.report/1; name a report.json";
  if (!json.is_object() || json.value("schema", "") != "pamkit.report/1" ||
      !json.contains("bounds") || !json["bounds"].is_array()) {
    throw input_error(file.string() + advice);
  }
  bound_table bounds;
  for (const nlohmann::json& b : json["bounds"]) {
    try {
      std::vector<std::string> names;
      for (const char* field :
           {"operation", "format", "arithmetic", "policy", "domain", "metric"}) {
        names.push_back(b.at(field).get<std::string>());
      }
      for (const char* field : {"data", "shape"}) {
        if (b.contains(field)) names.push_back(b.at(field).get<std::string>());
      }
      const std::string key = fmt::format("{}", fmt::join(names, " "));
      bounds[key] = {b.at("value").dump(), b.value("exact", "")};
    } catch (const nlohmann::json::exception&) {
      throw input_error(file.string() + ": bound " + std::to_string(bounds.size()) +
                        " lacks a field of pamkit.report/1");
    }
  }
  return bounds;
}

}  // namespace

std::vector<bound_change> diff_reports(const std::filesystem::path& before,
                                       const std::filesystem::path& after) {
  const bound_table old_bounds = read_bounds(before);
  const bound_table new_bounds = read_bounds(after);
  std::vector<bound_change> changes;
  for (const auto& [key, value] : old_bounds) {
    const auto it = new_bounds.find(key);
    if (it == new_bounds.end()) {
      changes.push_back({key, value.text(), ""});
    } else if (it->second != value) {
      changes.push_back({key, value.text(), it->second.text()});
    }
  }
  for (const auto& [key, value] : new_bounds) {
    if (!old_bounds.contains(key)) changes.push_back({key, "", value.text()});
  }
  return changes;
}

std::string describe_changes(const std::vector<bound_change>& changes) {
  std::string text;
  for (const bound_change& c : changes) {
    text += fmt::format("{}: {} -> {}\n", c.bound, c.before.empty() ? "absent" : c.before,
                        c.after.empty() ? "absent" : c.after);
  }
  return text + (changes.empty() ? "no bound differs\n"
                                 : fmt::format("{} bounds differ\n", changes.size()));
}

}  // namespace pamkit::reports
