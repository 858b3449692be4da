#include "error_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pamkit/provenance/environment.hpp"

namespace pamkit::reports {
namespace {

// Of a measurement and of a group alike.
struct bound_place {
  std::string_view operation;
  std::string_view format;
  std::string_view arithmetic;
  std::string_view policy;
  std::string_view domain;
  const format_description& encoding;
  std::string_view data{};
  std::string_view shape{};
};

nlohmann::ordered_json bound_json(const bound_place& p, const bound& b, std::uint64_t seed) {
  nlohmann::ordered_json json = {{"operation", p.operation},
                                 {"format", p.format},
                                 {"arithmetic", p.arithmetic},
                                 {"policy", p.policy},
                                 {"metric", b.metric},
                                 {"value", b.value}};
  if (!b.exact.empty()) json["exact"] = b.exact;
  if (!b.operands.empty()) {
    auto& operands = json["operands"] = nlohmann::ordered_json::array();
    for (const std::uint32_t x : b.operands) operands.push_back(hex_of(p.encoding, x));
    json["result"] = hex_of(p.encoding, b.result);
  }
  json["domain"] = p.domain;
  if (!p.data.empty()) json["data"] = p.data;
  if (!p.shape.empty()) json["shape"] = p.shape;
  json["evidence"] = name_of(b.evidence);
  json["cases"] = b.cases;
  if (b.evidence == evidence_kind::sampled) json["seed"] = seed;
  if (!b.note.empty()) json["note"] = b.note;
  return json;
}

// Figures need no more than this; it keeps the file small.
double for_figure(double value) {
  return std::isfinite(value) ? std::stod(fmt::format("{:.7g}", value)) : value;
}

nlohmann::ordered_json figure_values(const std::vector<double>& values) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const double value : values) {
    if (std::isfinite(value)) {
      json.push_back(for_figure(value));
    } else {
      json.push_back(nullptr);
    }
  }
  return json;
}

nlohmann::ordered_json map_json(const error_map& map) {
  const std::size_t n = map.grid.a.size();
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < n; ++i) {
    const auto start = map.grid.errors.begin() + static_cast<std::ptrdiff_t>(i * n);
    rows.push_back(figure_values({start, start + static_cast<std::ptrdiff_t>(n)}));
  }
  return {{"operation", map.operation},
          {"format", map.format},
          {"arithmetic", map.arithmetic},
          {"policy", map.policy},
          {"domain", name_of(error_domain::fractions)},
          {"metric", "relative"},
          {"edge", map.grid.encodings_add},
          {"offset", map.offset},
          {"fraction_unit", std::ldexp(1.0, -map.bits)},
          {"rows", "fraction of the first operand"},
          {"columns", "fraction of the second operand"},
          {"values", std::move(rows)}};
}

nlohmann::ordered_json curve_json(const error_curve& curve) {
  return {{"operation", curve.operation},
          {"format", curve.format},
          {"arithmetic", curve.arithmetic},
          {"metric", curve.absolute ? "absolute" : "relative"},
          {"arguments", figure_values(curve.arguments)},
          {"errors", figure_values(curve.errors)}};
}

nlohmann::ordered_json histogram_json(const labelled_histogram& h) {
  return {{"operation", h.operation},
          {"format", h.format},
          {"arithmetic", h.arithmetic},
          {"policy", h.policy},
          {"domain", name_of(error_domain::fractions)},
          {"metric", "relative"},
          {"low", h.histogram.low},
          {"high", h.histogram.high},
          {"counts", h.histogram.counts},
          {"evidence", name_of(h.histogram.evidence)},
          {"cases", h.histogram.cases}};
}

nlohmann::ordered_json compensation_json(const compensation_sweep& sweep) {
  return {{"operation", sweep.operation},
          {"format", sweep.format},
          {"arithmetic", sweep.arithmetic},
          {"domain", name_of(error_domain::fractions)},
          {"offsets", figure_values(sweep.offsets)},
          {"min_relative", figure_values(sweep.least)},
          {"max_relative", figure_values(sweep.greatest)},
          {"mean_relative", figure_values(sweep.mean)},
          {"mean_relative_loguniform", figure_values(sweep.mean_loguniform)},
          {"rms_relative", figure_values(sweep.rms)},
          {"mean_ratio", figure_values(sweep.mean_ratio)},
          {"gain", figure_values(sweep.gain)},
          {"offset_zero_mean", sweep.zero_mean},
          {"offset_minimax", sweep.minimax},
          {"offset_least_rms", sweep.least_rms}};
}

nlohmann::ordered_json range_end_json(const exponent_profile& profile) {
  return {{"operation", profile.operation},
          {"format", profile.format},
          {"arithmetic", profile.arithmetic},
          {"policy", profile.policy},
          {"metric", profile.absolute ? "absolute" : "relative"},
          {"exponents", profile.exponents},
          {"least", figure_values(profile.least)},
          {"greatest", figure_values(profile.greatest)},
          {"normal", figure_values(profile.normal)},
          {"subnormal", figure_values(profile.subnormal)},
          {"zero", figure_values(profile.zero)},
          {"overflowed", figure_values(profile.overflowed)},
          {"cases", profile.cases}};
}

nlohmann::ordered_json bands_json(const measurement& m, const std::vector<error_band>& bands,
                                  std::string_view by) {
  nlohmann::ordered_json json = {{"operation", m.operation->name},
                                 {"format", m.format.name},
                                 {"arithmetic", m.arithmetic},
                                 {"policy", name_of(m.policy)},
                                 {"metric", m.operation->absolute ? "absolute" : "relative"},
                                 {"by", by}};
  auto& list = json["bands"] = nlohmann::ordered_json::array();
  for (const error_band& band : bands) {
    list.push_back({{"from", band.from},
                    {"to", band.to},
                    {"least", band.least},
                    {"least_at", hex_of(m.format, band.least_at)},
                    {"greatest", band.greatest},
                    {"greatest_at", hex_of(m.format, band.greatest_at)}});
  }
  return json;
}

}  // namespace

const bound* bound_group::find(std::string_view metric) const {
  const auto it = std::ranges::find(bounds, metric, &bound::metric);
  return it == bounds.end() ? nullptr : &*it;
}

std::string hex_of(const format_description& format, std::uint32_t bits) {
  return fmt::format("{:0{}X}", bits, format.storage_bits / 4);
}

nlohmann::ordered_json to_report_json(const error_tables& tables) {
  nlohmann::ordered_json json = provenance::file_header("pamkit.report/1");
  json["command"] = tables.command;
  json["level"] = tables.level;
  json["seed"] = tables.seed;
  json["backend"] = scalar_backend().name;
  auto& terms = json["definitions"] = nlohmann::ordered_json::object();
  for (const auto& [term, meaning] : definitions()) terms[term] = meaning;
  auto& bounds = json["bounds"] = nlohmann::ordered_json::array();
  for (const measurement& m : tables.measurements) {
    const bound_place place{m.operation->name, m.format.name,   m.arithmetic,
                            name_of(m.policy), name_of(m.domain), m.format};
    for (const bound& b : m.bounds) bounds.push_back(bound_json(place, b, tables.seed));
  }
  for (const bound_group& g : tables.groups) {
    const bound_place place{g.operation, g.format,   g.arithmetic, g.policy,
                            g.domain,    g.encoding, g.data,       g.shape};
    for (const bound& b : g.bounds) bounds.push_back(bound_json(place, b, tables.seed));
  }
  auto& gaps = json["not_measured"] = nlohmann::ordered_json::array();
  for (const not_measured& gap : tables.gaps) {
    gaps.push_back({{"operation", gap.operation},
                    {"arithmetic", gap.arithmetic},
                    {"domain", gap.domain},
                    {"reason", gap.reason}});
  }
  auto& histograms = json["histograms"] = nlohmann::ordered_json::array();
  for (const labelled_histogram& h : tables.histograms) histograms.push_back(histogram_json(h));
  auto& maps = json["maps"] = nlohmann::ordered_json::array();
  for (const error_map& map : tables.maps) maps.push_back(map_json(map));
  auto& curves = json["curves"] = nlohmann::ordered_json::array();
  for (const error_curve& curve : tables.curves) curves.push_back(curve_json(curve));
  auto& bands = json["bands"] = nlohmann::ordered_json::array();
  for (const measurement& m : tables.measurements) {
    if (!m.by_binade.empty()) bands.push_back(bands_json(m, m.by_binade, "binade"));
    if (!m.by_unit.empty()) bands.push_back(bands_json(m, m.by_unit, "unit"));
  }
  auto& sweeps = json["compensation"] = nlohmann::ordered_json::array();
  for (const compensation_sweep& s : tables.compensation) sweeps.push_back(compensation_json(s));
  auto& ends = json["range_ends"] = nlohmann::ordered_json::array();
  for (const exponent_profile& p : tables.range_ends) ends.push_back(range_end_json(p));
  return json;
}

const measurement* headline(const error_tables& tables, std::string_view operation,
                            std::string_view arithmetic) {
  const measurement* best = nullptr;
  const auto rank = [](const measurement& m) {
    return std::pair(m.domain == error_domain::fractions ? 1 : 0, m.format.kept_bits);
  };
  for (const measurement& m : tables.measurements) {
    if (m.operation->name != operation || m.arithmetic != arithmetic || m.bounds.empty()) continue;
    if (best == nullptr || rank(m) > rank(*best)) best = &m;
  }
  return best;
}

std::vector<std::pair<std::string, std::string>> headline_rows(const error_tables& tables) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const measurement& m : tables.measurements) {
    const std::pair<std::string, std::string> row{m.operation->name, m.arithmetic};
    if (m.bounds.empty() || std::ranges::find(rows, row) != rows.end()) continue;
    // "pam:1.0552" where the factor does not act.
    const std::string plain = m.arithmetic.substr(0, m.arithmetic.find(':'));
    const measurement* same = headline(tables, row.first, plain);
    if (plain != m.arithmetic && same != nullptr &&
        same->bounds == headline(tables, row.first, m.arithmetic)->bounds) {
      continue;
    }
    rows.push_back(row);
  }
  return rows;
}

std::string headline_text(const error_tables& tables) {
  std::string text =
      fmt::format("{:<6}{:<14}{:<12}{:<11}{:>16}{:>16}{:>16}  {}\n", "op", "arithmetic", "format",
                  "domain", "minimum", "maximum", "mean", "evidence of the range");
  for (const auto& [operation, arithmetic] : headline_rows(tables)) {
    const measurement& m = *headline(tables, operation, arithmetic);
    const std::string suffix = m.operation->absolute ? "absolute" : "relative";
    const bound& least = *m.find("min_" + suffix);
    text += fmt::format("{:<6}{:<14}{:<12}{:<11}{:>16.9g}{:>16.9g}{:>16.9g}  {}, {} cases{}\n",
                        operation, arithmetic, m.format.name, name_of(m.domain), least.value,
                        m.find("max_" + suffix)->value, m.find("mean_" + suffix)->value,
                        name_of(least.evidence), least.cases,
                        m.operation->absolute ? ", absolute" : "");
  }
  return text;
}

}  // namespace pamkit::reports
