#include "error_page/report_view.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "page.hpp"

namespace pamkit::reports {
namespace {

using json_t = nlohmann::ordered_json;

bound_row read_row(const json_t& b) {
  bound_row row;
  row.metric = b.at("metric").get<std::string>();
  const json_t& value = b.at("value");
  row.value = value.get<double>();
  row.value_text = value.dump();
  row.exact = b.value("exact", "");
  if (b.contains("operands")) row.operands = b.at("operands").get<std::vector<std::string>>();
  row.result = b.value("result", "");
  row.evidence = b.at("evidence").get<std::string>();
  row.cases = b.at("cases").get<std::uint64_t>();
  if (b.contains("seed")) row.seed = b.at("seed").dump();
  row.note = b.value("note", "");
  return row;
}

bound_set read_place(const json_t& b) {
  bound_set set;
  set.operation = b.at("operation").get<std::string>();
  set.format = b.at("format").get<std::string>();
  set.arithmetic = b.at("arithmetic").get<std::string>();
  set.policy = b.at("policy").get<std::string>();
  set.domain = b.at("domain").get<std::string>();
  set.data = b.value("data", "");
  set.shape = b.value("shape", "");
  return set;
}

// The lists beside the bounds, and what an entry of each holds: lists of these names.
struct figure_list {
  const char* name;
  std::vector<const char*> columns;
};

const std::array kFigureLists = {
    figure_list{"not_measured", {}},
    figure_list{"histograms", {"counts"}},
    figure_list{"maps", {"values"}},
    figure_list{"curves", {"arguments", "errors"}},
    figure_list{"bands", {"bands"}},
    figure_list{"compensation", {"offsets", "min_relative", "max_relative", "mean_relative"}},
    figure_list{"range_ends", {"exponents", "least", "greatest"}},
};

// A report without a list lacks those figures; one with something else in its place is damaged.
void require_figures(const json_t& json) {
  for (const figure_list& wanted : kFigureLists) {
    const auto list = json.find(wanted.name);
    if (list == json.end()) continue;
    if (!list->is_array()) throw std::invalid_argument(wanted.name);
    for (const json_t& entry : *list) {
      if (!entry.is_object()) throw std::invalid_argument(wanted.name);
      for (const char* const column : wanted.columns) {
        if (!entry.at(column).is_array()) throw std::invalid_argument(wanted.name);
      }
    }
  }
  const auto terms = json.find("definitions");
  if (terms != json.end() && !terms->is_object()) throw std::invalid_argument("definitions");
}

bool same_place(const bound_set& a, const bound_set& b) {
  return a.operation == b.operation && a.format == b.format && a.arithmetic == b.arithmetic &&
         a.policy == b.policy && a.domain == b.domain && a.data == b.data && a.shape == b.shape;
}

std::vector<std::string> distinct(const std::vector<bound_set>& sets,
                                  std::string bound_set::*field) {
  std::vector<std::string> names;
  for (const bound_set& set : sets) {
    if (std::ranges::find(names, set.*field) == names.end()) names.push_back(set.*field);
  }
  return names;
}

const bound_row* first_of(const bound_set& set, std::string_view statistic) {
  for (const std::string_view kind : {"_relative", "_absolute", "_ratio"}) {
    if (const bound_row* row = set.find(std::string(statistic) + std::string(kind))) return row;
  }
  return nullptr;
}

}  // namespace

const bound_row* bound_set::find(std::string_view metric) const {
  const auto it = std::ranges::find(rows, metric, &bound_row::metric);
  return it == rows.end() ? nullptr : &*it;
}

const bound_row* bound_set::least() const { return first_of(*this, "min"); }
const bound_row* bound_set::greatest() const { return first_of(*this, "max"); }
const bound_row* bound_set::mean() const { return first_of(*this, "mean"); }

std::vector<std::string> report_view::operations() const {
  return distinct(sets, &bound_set::operation);
}
std::vector<std::string> report_view::formats() const { return distinct(sets, &bound_set::format); }
std::vector<std::string> report_view::arithmetics() const {
  return distinct(sets, &bound_set::arithmetic);
}

std::vector<const bound_set*> report_view::of(std::string_view operation) const {
  std::vector<const bound_set*> found;
  for (const bound_set& set : sets) {
    if (set.operation == operation) found.push_back(&set);
  }
  return found;
}

const json_t& report_view::list(std::string_view name) const {
  static const json_t kEmpty = json_t::array();
  const auto it = json.find(name);
  return it == json.end() || !it->is_array() ? kEmpty : *it;
}

report_view view_report(json_t json, std::string_view origin) {
  report_view view;
  try {
    if (json.at("schema") != "pamkit.report/1") throw input_error("schema");
    view.command = json.at("command").get<std::string>();
    for (const json_t& b : json.at("bounds")) {
      bound_set place = read_place(b);
      // Most entries belong to the set before; offsets come later than the ranges of their set.
      const auto found = std::find_if(view.sets.rbegin(), view.sets.rend(),
                                      [&](const bound_set& s) { return same_place(s, place); });
      bound_set& set =
          found != view.sets.rend() ? *found : view.sets.emplace_back(std::move(place));
      set.rows.push_back(read_row(b));
    }
    if (!json.at("environment").is_object()) throw input_error("environment");
    require_figures(json);
  } catch (const std::exception&) {
    throw input_error(std::string(origin) +
                      ": no pamkit.report/1; name a report.json that pamkit report wrote");
  }
  view.json = std::move(json);
  return view;
}

std::optional<format_description> format_of(std::string_view name) {
  const auto format = parse_format(name);
  if (!format) return std::nullopt;
  return describe(*format);
}

int width_of(std::string_view format) {
  const auto description = format_of(format);
  return description ? description->kept_bits : 0;
}

std::string_view plain_name(std::string_view arithmetic) {
  return arithmetic.substr(0, arithmetic.find(':'));
}

bool repeats_uncompensated(const report_view& report, const bound_set& set) {
  const std::string_view plain = plain_name(set.arithmetic);
  if (plain == set.arithmetic) return false;
  bound_set wanted = set;
  wanted.arithmetic = plain;
  const auto same =
      std::ranges::find_if(report.sets, [&](const bound_set& s) { return same_place(s, wanted); });
  return same != report.sets.end() &&
         std::ranges::equal(same->rows, set.rows, [](const bound_row& a, const bound_row& b) {
           return a.metric == b.metric && a.value_text == b.value_text && a.operands == b.operands;
         });
}

}  // namespace pamkit::reports
