#include "profile_json.hpp"

#include <fmt/format.h>

#include "measurement.hpp"

namespace pamkit::reports {
namespace {

std::string hex(std::uint32_t bits) { return fmt::format("{:08X}", bits); }

// A row of the map as two hexadecimal digits a cell: short, and still to be read.
nlohmann::ordered_json map_json(const profile_map& map) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  constexpr std::size_t kFields = 256;
  for (std::size_t a = 0; a < kFields; ++a) {
    std::string row;
    for (std::size_t b = 0; b < kFields; ++b)
      row += fmt::format("{:02X}", map.differs[a * kFields + b]);
    rows.push_back(std::move(row));
  }
  return {{"operation", map.operation}, {"patterns", map.patterns}, {"rows", std::move(rows)}};
}

nlohmann::ordered_json set_json(const profile_set& set) {
  nlohmann::ordered_json json = {
      {"name", set.name},
      {"description", set.description},
      {"evidence", name_of(set.exhaustive ? evidence_kind::exhaustive : evidence_kind::sampled)},
      {"pairs", set.pairs}};
  if (!set.exhaustive) json["seed"] = set.seed;
  for (std::size_t o = 0; o < profile_operations.size(); ++o) {
    json["equal"][profile_operations[o]] = set.equal[o];
  }
  auto& differences = json["differences"] = nlohmann::ordered_json::array();
  for (const profile_difference& d : set.differences) {
    differences.push_back({{"operation", d.operation},
                           {"operands", d.operands},
                           {"kind", d.kind},
                           {"cases", d.cases},
                           {"differs", d.differs},
                           {"a", hex(d.a)},
                           {"b", hex(d.b)},
                           {"default", hex(d.standard)},
                           {"paper", hex(d.paper)}});
  }
  auto& maps = json["maps"] = nlohmann::ordered_json::array();
  for (const profile_map& map : set.maps) maps.push_back(map_json(map));
  return json;
}

}  // namespace

nlohmann::ordered_json profile_json(const profile_comparison& comparison) {
  nlohmann::ordered_json json = {{"compensation", comparison.compensation}};
  auto& sets = json["sets"] = nlohmann::ordered_json::array();
  for (const profile_set& set : comparison.sets) sets.push_back(set_json(set));
  return json;
}

}  // namespace pamkit::reports
