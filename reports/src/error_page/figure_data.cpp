#include <algorithm>

#include "error_page/sections.hpp"

namespace pamkit::reports {
namespace {

using json_t = nlohmann::ordered_json;

json_t number_or_null(const bound_row* row) {
  return row == nullptr ? json_t() : json_t(row->value);
}

// One entry for each operation, format, arithmetic and policy: over fractions where there is that
// domain.
json_t ranges(const report_view& report) {
  std::vector<const bound_set*> chosen;
  for (const bound_set& set : report.sets) {
    if (set.least() == nullptr || set.greatest() == nullptr || !set.data.empty()) continue;
    const auto same = std::ranges::find_if(chosen, [&](const bound_set* c) {
      return c->operation == set.operation && c->format == set.format &&
             c->arithmetic == set.arithmetic && c->policy == set.policy;
    });
    if (same == chosen.end()) {
      chosen.push_back(&set);
    } else if (set.domain == "fractions") {
      *same = &set;
    }
  }
  json_t list = json_t::array();
  for (const bound_set* set : chosen) {
    list.push_back({{"operation", set->operation},
                    {"format", set->format},
                    {"arithmetic", set->arithmetic},
                    {"policy", set->policy},
                    {"domain", set->domain},
                    {"evidence", set->least()->evidence},
                    {"metric", set->absolute() ? "absolute" : "relative"},
                    {"least", set->least()->value},
                    {"greatest", set->greatest()->value},
                    {"mean", number_or_null(set->mean())}});
  }
  return list;
}

}  // namespace

json_t figure_data(const report_view& report) {
  json_t data = json_t::object();
  for (const char* list :
       {"maps", "curves", "histograms", "bands", "compensation", "range_ends", "energy"}) {
    data[list] = report.list(list);
  }
  data["ranges"] = ranges(report);
  data["profile"] = json_t::array();
  if (const auto profile = report.json.find("profile"); profile != report.json.end()) {
    for (const json_t& set : profile->at("sets")) {
      for (const json_t& map : set.at("maps")) data["profile"].push_back(map);
    }
  }
  return data;
}

}  // namespace pamkit::reports
