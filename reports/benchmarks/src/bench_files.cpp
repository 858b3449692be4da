#include "bench_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "page.hpp"
#include "pamkit/provenance/environment.hpp"

namespace pamkit::benchmarks {
namespace {

using json = nlohmann::ordered_json;
using reports::escape_html;

// Two operations, a product and a sum, for each term; elements are counted once. Nothing where the
// unit is no operation.
std::optional<double> operations_of(const time_row& t) {
  if (t.unit == "terms") return 2 * t.work;
  if (t.unit == "elements") return t.work;
  return std::nullopt;
}

// What the column of 10^9 operations a second holds.
std::string speed_text(const json& time) {
  if (const auto giga = time.find("giga_operations_per_second"); giga != time.end()) {
    return fmt::format("{:.3g}", giga->get<double>());
  }
  return fmt::format("{:.3g} {}/s", time["work"].get<double>() / time["seconds"].get<double>(),
                     time["unit"].get<std::string>());
}

json row_json(const ratio_row& r, const std::string& target) {
  json row = {{"name", r.name}, {"arithmetic", r.arithmetic}, {"shape", r.shape}};
  if (!r.data.empty()) row["class"] = r.data;
  row["baseline"] = r.baseline;
  row["ratio"] = r.ratio.median;
  row["spread"] = r.ratio.high - r.ratio.low;
  row["quartiles"] = {r.ratio.low, r.ratio.high};
  row["threads"] = r.threads;
  row["instruction_set"] = target;
  if (r.aimed) {
    row["aim"] = {{"ratio", r.aimed->ratio}};
    if (r.aimed->least > 0) row["aim"]["least"] = r.aimed->least;
    row["aim"]["reason"] = r.aimed->reason;
  }
  return row;
}

json time_json(const time_row& t) {
  json row = {{"name", t.name}, {"arithmetic", t.arithmetic}, {"shape", t.shape}};
  if (!t.data.empty()) row["class"] = t.data;
  row["contender"] = t.contender;
  row["threads"] = t.threads;
  row["seconds"] = t.seconds.median;
  row["quartiles"] = {t.seconds.low, t.seconds.high};
  row["unit"] = t.unit;
  row["work"] = t.work;
  if (const auto operations = operations_of(t)) {
    row["giga_operations_per_second"] = *operations / t.seconds.median / 1e9;
  }
  row["rounds"] = t.rounds;
  row["calls_per_round"] = t.calls;
  return row;
}

json absences_json(const std::vector<absence>& all, const char* second) {
  json list = json::array();
  for (const absence& a : all) list.push_back({{"name", a.what}, {second, a.reason}});
  return list;
}

std::string key_of(const json& row) {
  return fmt::format("{}\t{}\t{}\t{}\t{}", row["name"].get<std::string>(),
                     row["arithmetic"].get<std::string>(), row.value("class", std::string()),
                     row["shape"].get<std::string>(), row["threads"].get<int>());
}

// The rows of each case, by baseline.
std::map<std::string, std::map<std::string, const json*>> ratios_by_case(const json& rows) {
  std::map<std::string, std::map<std::string, const json*>> ratios;
  for (const json& row : rows) ratios[key_of(row)][row["baseline"]] = &row;
  return ratios;
}

// Columns of the table of ratios: baselines in the order in which they first appear.
std::vector<std::string> baselines_of(const json& rows) {
  std::vector<std::string> names;
  for (const json& row : rows) {
    const auto name = row["baseline"].get<std::string>();
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string ratio_text(const json& row) {
  return fmt::format(
      "<td class=\"number\" data-label=\"{}\" data-value=\"{}\"><span>{:.2f} "
      "<span class=\"faint\">{:.2f}&ndash;{:.2f}</span></span></td>",
      escape_html(row["baseline"].get<std::string>()), row["ratio"].get<double>(),
      row["ratio"].get<double>(), row["quartiles"][0].get<double>(),
      row["quartiles"][1].get<double>());
}

std::string table_html(const json& bench) {
  const std::vector<std::string> baselines = baselines_of(bench["rows"]);
  auto ratios = ratios_by_case(bench["rows"]);
  std::string html =
      "<thead><tr><th>kernel</th><th>arithmetic</th><th>operands</th><th>shape</th>"
      "<th class=\"number\">threads</th><th class=\"number\">10<sup>9</sup>/s</th>";
  for (const std::string& b : baselines) {
    html += fmt::format("<th class=\"number\">{}</th>", escape_html(b));
  }
  html += "</tr></thead><tbody>";
  std::string last;
  for (const json& t : bench["times"]) {
    if (t["contender"] != "simd") continue;
    const auto name = t["name"].get<std::string>();
    html += fmt::format(
        "<tr{}><th>{}</th><td data-label=\"arithmetic\">{}</td><td data-label=\"operands\">{}</td>"
        "<td data-label=\"shape\">{}</td><td class=\"number\" data-label=\"threads\">{}</td>"
        "<td class=\"number\" data-label=\"10^9/s\" data-value=\"{}\"><span>{}</span></td>",
        name == last ? "" : " class=\"group\"", escape_html(name),
        escape_html(t["arithmetic"].get<std::string>()),
        escape_html(t.value("class", std::string())), escape_html(t["shape"].get<std::string>()),
        t["threads"].get<int>(), t.value("giga_operations_per_second", 0.0), speed_text(t));
    last = name;
    const auto& mine = ratios[key_of(t)];
    for (const std::string& b : baselines) {
      const auto found = mine.find(b);
      html += found == mine.end() ? "<td class=\"number\"></td>" : ratio_text(*found->second);
    }
    html += "</tr>\n";
  }
  return html + "</tbody>";
}

std::string aims_html(const json& rows) {
  std::string html;
  for (const json& row : rows) {
    if (!row.contains("aim")) continue;
    const auto ratio = row["ratio"].get<double>();
    const auto aim = row["aim"]["ratio"].get<double>();
    const auto least = row["aim"].value("least", 0.0);
    html += fmt::format(
        "<tr><th>{} {} {}</th><td data-label=\"shape\">{}</td><td data-label=\"baseline\">{}</td>"
        "<td class=\"number\" data-label=\"measured\"><span>{:.2f}</span></td>"
        "<td class=\"number\" data-label=\"at least\"><span>{}</span></td>"
        "<td class=\"number\" data-label=\"aim\"><span>{:.2f}</span></td>"
        "<td data-label=\"\"{}>{}</td><td class=\"wide\" data-label=\"from\">{}</td></tr>\n",
        escape_html(row["name"].get<std::string>()),
        escape_html(row["arithmetic"].get<std::string>()),
        escape_html(row.value("class", std::string())),
        escape_html(row["shape"].get<std::string>()),
        escape_html(row["baseline"].get<std::string>()), ratio,
        least > 0 ? fmt::format("{:.2f}", least) : "", aim,
        ratio >= aim ? "" : " class=\"status-bad\"",
        ratio >= aim    ? "reached"
        : ratio < least ? "not reached, and too slow"
                        : "not reached",
        escape_html(row["aim"]["reason"].get<std::string>()));
  }
  return html.empty() ? "<tr><td>No aim is on file for what was measured here.</td></tr>" : html;
}

std::string list_html(const json& entries, const char* second) {
  std::string html;
  for (const json& e : entries) {
    html += fmt::format("<li><b>{}</b>: {}</li>", escape_html(e["name"].get<std::string>()),
                        escape_html(e[second].get<std::string>()));
  }
  return html.empty() ? "<li>None.</li>" : html;
}

std::string warnings_html(const json& warnings) {
  std::string html;
  for (const json& w : warnings) {
    html +=
        fmt::format("<p class=\"status-bad\">Warning: {}.</p>", escape_html(w.get<std::string>()));
  }
  return html;
}

}  // namespace

nlohmann::ordered_json bench_json(const run_result& r, const std::string& target,
                                  const std::string& command) {
  json document = provenance::file_header("pamkit.bench/1");
  document["command"] = command;
  document["instruction_set"] = target;
  document["machine"] = {{"governor", r.before.governor},
                         {"load", r.before.load},
                         {"processors", r.before.processors},
                         {"waited", r.waited}};
  document["warnings"] = warnings_of(r.before, r.waited);
  document["baselines"] = absences_json(r.baselines, "description");
  json& rows = document["rows"] = json::array();
  for (const ratio_row& row : r.ratios) rows.push_back(row_json(row, target));
  json& times = document["times"] = json::array();
  for (const time_row& t : r.times) times.push_back(time_json(t));
  document["absent"] = absences_json(r.absent, "reason");
  return document;
}

std::string bench_page(const nlohmann::ordered_json& bench, const std::string& plotly) {
  json environment = bench["environment"];
  environment["instruction set"] = bench["instruction_set"];
  environment["clock governor"] = bench["machine"]["governor"];
  environment["load before"] = bench["machine"]["load"];
  const auto command = bench["command"].get<std::string>();
  return reports::fill_template("benchmarks.html",
                                {{"style", std::string(reports::template_text("page.css"))},
                                 {"environment", reports::environment_html(environment, command)},
                                 {"warnings", warnings_html(bench["warnings"])},
                                 {"aims", aims_html(bench["rows"])},
                                 {"table", table_html(bench)},
                                 {"baselines", list_html(bench["baselines"], "description")},
                                 {"absent", list_html(bench["absent"], "reason")},
                                 {"command", escape_html(command)},
                                 {"data", reports::script_json({{"rows", bench["rows"]}})},
                                 {"plotly", plotly},
                                 {"shared_script", std::string(reports::template_text("page.js"))},
                                 {"script", std::string(reports::template_text("benchmarks.js"))}});
}

std::string bench_markdown(const nlohmann::ordered_json& bench) {
  const std::vector<std::string> baselines = baselines_of(bench["rows"]);
  auto ratios = ratios_by_case(bench["rows"]);
  const auto text_of = [](const json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  std::string text = fmt::format(
      "<!-- \"pamkit.bench/1\" -->\n\n# Kernels beside their baselines, as measured\n\n"
      "Written by `{}`, and by no hand. Speed of a kernel over that of a baseline: median of the "
      "rounds; [benchmarks.md](benchmarks.md) says how it is measured and what the baselines are."
      "\n\n| | |\n|---|---|\n",
      bench["command"].get<std::string>());
  for (const auto& [name, value] : bench["environment"].items()) {
    if (name != "flags") text += fmt::format("| {} | {} |\n", name, text_of(value));
  }
  text += fmt::format("| instruction set | {} |\n| load before | {} |\n\n",
                      text_of(bench["instruction_set"]), text_of(bench["machine"]["load"]));
  for (const json& w : bench["warnings"]) text += fmt::format("Warning: {}.\n\n", text_of(w));

  text += "## What is aimed for\n\n"
          "| kernel | arithmetic | operands | shape | threads | baseline | measured | at least | aim |\n"
          "|---|---|---|---|--:|---|--:|--:|--:|\n";
  for (const json& row : bench["rows"]) {
    if (!row.contains("aim")) continue;
    const auto least = row["aim"].value("least", 0.0);
    const auto ratio = row["ratio"].get<double>();
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {:.2f}{} | {} | {:.2f} |\n",
                        text_of(row["name"]), text_of(row["arithmetic"]),
                        row.value("class", std::string()), text_of(row["shape"]),
                        text_of(row["threads"]), text_of(row["baseline"]), ratio,
                        ratio < least ? " (too slow)" : "",
                        least > 0 ? fmt::format("{:.2f}", least) : "",
                        row["aim"]["ratio"].get<double>());
  }

  text += "\n## All that was measured\n\n| kernel | arithmetic | operands | shape | threads | 10^9/s |";
  for (const std::string& b : baselines) text += fmt::format(" {} |", b);
  text += "\n|---|---|---|---|--:|--:|";
  for (std::size_t i = 0; i < baselines.size(); ++i) text += "--:|";
  text += '\n';
  for (const json& t : bench["times"]) {
    if (t["contender"] != "simd") continue;
    text += fmt::format("| {} | {} | {} | {} | {} | {} |", text_of(t["name"]),
                        text_of(t["arithmetic"]), t.value("class", std::string()),
                        text_of(t["shape"]), text_of(t["threads"]),
                        speed_text(t));
    const auto& mine = ratios[key_of(t)];
    for (const std::string& b : baselines) {
      const auto found = mine.find(b);
      text += found == mine.end() ? " |"
                                  : fmt::format(" {:.2f} |", (*found->second)["ratio"].get<double>());
    }
    text += '\n';
  }
  for (const json& a : bench["absent"]) {
    text += fmt::format("\nNot there: {}: {}\n", text_of(a["name"]), text_of(a["reason"]));
  }
  return text;
}

std::string bench_table(const run_result& r) {
  std::string text;
  std::string last;
  for (const ratio_row& row : r.ratios) {
    const std::string label = fmt::format(
        "{} {}{}{} {}{}", row.name, row.arithmetic, row.data.empty() ? "" : " ", row.data,
        row.shape, row.threads == 1 ? "" : fmt::format(", {} threads", row.threads));
    if (label != last) text += label + "\n";
    last = label;
    text += fmt::format(
        "    {:<20} {:>8.3f}   quartiles {:.3f} {:.3f}{}\n", row.baseline, row.ratio.median,
        row.ratio.low, row.ratio.high,
        row.aimed ? fmt::format("   aim {:.2f}: {}{}", row.aimed->ratio,
                                row.ratio.median >= row.aimed->ratio ? "reached" : "not reached",
                                row.is_too_slow()
                                    ? fmt::format(", and below {:.2f}", row.aimed->least)
                                    : "")
                  : "");
  }
  return text;
}

}  // namespace pamkit::benchmarks
