#include "pamkit/reports/audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>

#include "page.hpp"
#include "pamkit/machine_code/multiplications.hpp"
#include "pamkit/operators_audit/operators_audit.hpp"
#include "pamkit/provenance/environment.hpp"
#include "pamkit/provenance/sha256.hpp"

namespace pamkit::reports {
namespace {

using json = nlohmann::ordered_json;

std::vector<std::filesystem::path> read_list(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file.string() + ": cannot be read; it names an object a line");
  std::vector<std::filesystem::path> names;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) names.emplace_back(line);
  }
  return names;
}

void audit_objects(const audit_sources& sources, audit_result& result) {
  if (std::system((sources.objdump + " --version >/dev/null 2>&1").c_str()) != 0) {
    result.absent.push_back("x86: objdump is not there; install binutils");
    return;
  }
  const auto excuses = machine_code::read_excuses(sources.excuses);
  std::vector<std::uint64_t> uses(excuses.size());
  std::uint64_t objects = 0;
  for (const auto& file : read_list(sources.objects)) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) continue;  // of a part that was not built
    const auto unit =
        machine_code::audit(machine_code::disassemble(file, sources.objdump), excuses, uses);
    ++objects;
    for (const auto& f : unit.refused) {
      result.refused.push_back(fmt::format("{}: {} {} ({}), the first at {:x} in {}", unit.unit,
                                           f.count, f.mnemonic, name_of(f.kind), f.first_address,
                                           f.function));
    }
    json entry = machine_code::to_json(unit);
    entry["kind"] = "x86";
    result.document["code"].push_back(std::move(entry));
  }
  if (objects == 0) {
    result.absent.push_back("x86: no object of the emulator is there; run ./pamkit audit");
  }
  for (std::size_t i = 0; objects != 0 && i < excuses.size(); ++i) {
    if (uses[i] != 0) continue;
    result.refused.push_back(fmt::format("{}: the excuse for '{}', '{}', '{}' excuses nothing",
                                         sources.excuses.string(), excuses[i].unit,
                                         excuses[i].function, excuses[i].instruction));
  }
}

// A number where `key` is there.
bool is_number_if_there(const json& entry, const char* key) {
  return !entry.contains(key) || entry[key].is_number();
}

bool is_device_entry(const json& entry) {
  const auto is_text = [&](const char* key) {
    return entry.contains(key) && entry[key].is_string();
  };
  return entry.is_object() && is_text("unit") && is_text("kind") && is_text("architecture") &&
         (is_text("verdict") || entry.value("is_baseline", json()) == true) &&
         entry.contains("multiplications") && entry["multiplications"].is_number() &&
         is_number_if_there(entry, "predicted_terms_per_clock");
}

bool is_refusal(const json& item) {
  return item.is_object() && item.contains("kind") && item["kind"].is_string() &&
         item.contains("sentence") && item["sentence"].is_string();
}

// A digest for each file that it was made from, the analysis itself included.
bool is_made_from(const json& document) {
  return document.contains("made_from") && document["made_from"].is_object() &&
         !document["made_from"].empty() &&
         std::ranges::all_of(document["made_from"], [](const json& d) { return d.is_string(); });
}

// Throws where a file that device code was made from is no longer what it was: what a build has
// left of other sources says nothing about these.
void require_own_sources(const std::filesystem::path& file, const json& document) {
  for (const auto& [source, digest] : document["made_from"].items()) {
    std::ifstream in(source, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in && provenance::sha256_hex(text) == digest.get<std::string>()) continue;
    throw std::runtime_error(fmt::format("{}: made from another {}; ./pamkit audit makes it anew",
                                         file.string(), source));
  }
}

json read_device_code(const std::filesystem::path& file) {
  json document = read_json(file);
  const auto is_list = [&](const char* key, auto is_item) {
    return document.is_object() && document.contains(key) && document[key].is_array() &&
           std::ranges::all_of(document[key], is_item);
  };
  if (!is_list("code", is_device_entry) || !is_list("refused", is_refusal) ||
      !is_made_from(document)) {
    throw std::runtime_error(file.string() +
                             ": is not what cuda/audit writes; ./pamkit audit makes it anew");
  }
  require_own_sources(file, document);
  return document;
}

void audit_device(const std::string& kind, const json& device, audit_result& result) {
  std::size_t found = 0;
  for (const json& entry : device["code"]) {
    if (entry["kind"] != kind) continue;
    ++found;
    result.document["code"].push_back(entry);
  }
  if (found == 0) {
    result.absent.push_back(kind + (kind == "sass"
                                        ? ": it takes nvcc and nvdisasm when pamkit is built"
                                        : ": it takes nvcc and Python when pamkit is built"));
    return;
  }
}

// What is refused of the kinds that were asked for. What nvcc is told concerns all that it makes.
void add_device_refusals(const std::vector<std::string>& kinds, const json& device,
                         audit_result& result) {
  const auto is_asked_for = [&](const std::string& kind) {
    return std::ranges::find(kinds, kind) != kinds.end();
  };
  for (const json& item : device["refused"]) {
    const auto kind = item["kind"].get<std::string>();
    const bool is_of_both = kind == "nvcc";
    if (is_of_both ? is_asked_for("ptx") || is_asked_for("sass") : is_asked_for(kind)) {
      result.refused.push_back(item["sentence"].get<std::string>());
    }
  }
}

// Throws where a program of another version or commit wrote the file.
void require_own_file(const std::filesystem::path& file, const json& document) {
  const provenance::environment mine = provenance::current_environment();
  const json& theirs = document.is_object() ? document.value("environment", json()) : json();
  const auto text = [&](const char* key) {
    return theirs.is_object() && theirs.contains(key) && theirs[key].is_string()
               ? theirs[key].get<std::string>()
               : std::string("unknown");
  };
  if (text("version") == mine.version && text("commit") == mine.commit) return;
  throw std::runtime_error(fmt::format(
      "{}: made by version {} (commit {}), this is {} ({}); ./pamkit audit makes it anew",
      file.string(), text("version"), text("commit"), mine.version, mine.commit));
}

void audit_operators(const std::filesystem::path& file, audit_result& result) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    result.absent.push_back(fmt::format(
        "operators of a training step: {} is not there; ./pamkit audit makes it where there is "
        "LibTorch, or where it may be fetched (PAMKIT_TORCH_DIR names one of your own)",
        file.string()));
    return;
  }
  const json document = read_json(file);
  require_own_file(file, document);
  try {
    operators_audit::verdict verdict = operators_audit::judge(document);
    for (const json& entry : verdict.entries) {
      for (const json& left : entry["left"]) {
        json row = {{"scope", entry["scope"]},
                    {"operator", left["operator"]},
                    {"place", left["place"]},
                    {"multiplications", left["multiplications"]},
                    {"reason", left["reason"]}};
        for (const char* const key : {"quotients", "calls", "recipes"}) row[key] = left[key];
        for (const char* const key : {"arm", "arithmetic", "derivative"}) row[key] = entry[key];
        result.document["operators"].push_back(std::move(row));
      }
      json step = entry;
      step.erase("left");
      result.document["steps"].push_back(std::move(step));
    }
    for (std::string& sentence : verdict.refused) result.refused.push_back(std::move(sentence));
  } catch (const std::runtime_error& problem) {
    throw std::runtime_error(
        fmt::format("{}: {}; ./pamkit audit makes it anew", file.string(), problem.what()));
  }
}

std::string cell(const json& entry, const char* key, int digits = 0) {
  if (!entry.contains(key)) return "<td class=\"number\"></td>";
  const json& value = entry[key];
  const std::string text = value.is_number_float()
                               ? fmt::format("{:.{}f}", value.get<double>(), digits)
                           : value.is_string() ? value.get<std::string>()
                                               : value.dump();
  return fmt::format("<td class=\"number\" data-label=\"{}\">{}</td>", escape_html(key),
                     escape_html(text));
}

std::string text_cell(const json& entry, const char* key) {
  return fmt::format("<td data-label=\"{}\">{}</td>", key,
                     escape_html(entry[key].get<std::string>()));
}

std::string verdict_cell(const std::string& verdict) {
  return fmt::format("<td data-label=\"verdict\" class=\"{}\">{}</td>",
                     verdict == "refused" ? "status-bad" : "status-good", escape_html(verdict));
}

// The fused kernel of an architecture, or nothing.
const json* baseline_of(const json& code, const json& architecture) {
  for (const json& entry : code) {
    if (entry.value("is_baseline", false) && entry["architecture"] == architecture) return &entry;
  }
  return nullptr;
}

std::string model_rows(const json& code) {
  std::string html;
  for (const json& entry : code) {
    if (!entry.contains("predicted_terms_per_clock")) continue;
    const json* const base = baseline_of(code, entry["architecture"]);
    std::string ratio;
    if (base != nullptr) {
      ratio = fmt::format("{:.0f} %", 100 * entry["predicted_terms_per_clock"].get<double>() /
                                          (*base)["predicted_terms_per_clock"].get<double>());
    }
    html += fmt::format(
        "<tr><th>{}</th>{}{}{}{}{}<td class=\"number\" data-label=\"of FFMA\">{}</td></tr>\n",
        escape_html(entry["unit"].get<std::string>()), text_cell(entry, "architecture"),
        cell(entry, "instructions_per_term", 3), cell(entry, "threshold_instructions_per_term", 3),
        cell(entry, "registers"), cell(entry, "predicted_terms_per_clock", 1), ratio);
  }
  return html;
}

std::string device_rows(const json& code) {
  std::string html;
  for (const json& entry : code) {
    if (entry["kind"] == "x86" || entry.value("is_baseline", false)) continue;
    const auto verdict = entry["verdict"].get<std::string>();
    html += fmt::format("<tr><th>{}</th>{}{}{}{}{}{}{}{}</tr>\n",
                        escape_html(entry["unit"].get<std::string>()), text_cell(entry, "kind"),
                        text_cell(entry, "architecture"), cell(entry, "multiplications"),
                        cell(entry, "index_multiplications"), cell(entry, "instructions"),
                        cell(entry, "registers"), cell(entry, "spills"), verdict_cell(verdict));
  }
  return html;
}

std::string object_rows(const json& code) {
  std::string html;
  for (const json& entry : code) {
    if (entry["kind"] != "x86") continue;
    std::string reasons;
    for (const json& f : entry["excused"]) {
      const auto reason = escape_html(f["reason"].get<std::string>());
      if (reasons.find(reason) == std::string::npos)
        reasons += (reasons.empty() ? "" : "; ") + reason;
    }
    html += fmt::format("<tr><th>{}</th>{}{}{}<td data-label=\"reason\">{}</td></tr>\n",
                        escape_html(entry["unit"].get<std::string>()), cell(entry, "instructions"),
                        cell(entry, "multiplications"), cell(entry, "excused_multiplications"),
                        reasons);
  }
  return html;
}

std::string step_rows(const json& steps) {
  std::string html;
  for (const json& entry : steps) {
    auto verdict = entry["verdict"].get<std::string>();
    if (entry["why"].is_string() && verdict != "refused") {
      verdict.append(": ").append(entry["why"].get<std::string>());
    }
    html += fmt::format(
        "<tr><th>{}</th><td class=\"number\" data-label=\"recipes\">{}</td>{}{}{}</tr>\n",
        escape_html(entry["arm"].get<std::string>()), entry["recipes"].size(),
        cell(entry, "multiplications"), cell(entry, "quotients"), verdict_cell(verdict));
  }
  return html;
}

std::string left_rows(const json& operators) {
  std::string html;
  for (const json& row : operators) {
    html += fmt::format("<tr><th>{}</th>{}{}{}{}{}{}</tr>\n",
                        escape_html(row["arm"].get<std::string>()), text_cell(row, "operator"),
                        text_cell(row, "place"), cell(row, "calls"), cell(row, "multiplications"),
                        cell(row, "quotients"), text_cell(row, "reason"));
  }
  return html;
}

std::string list_items(const json& sentences, const char* nothing) {
  std::string html;
  for (const json& s : sentences) html += "<li>" + escape_html(s.get<std::string>()) + "</li>\n";
  return html.empty() ? fmt::format("<li>{}</li>", nothing) : html;
}

}  // namespace

audit_result audit(const std::vector<std::string>& kinds, const audit_sources& sources,
                   const std::string& command) {
  audit_result result;
  result.document = provenance::file_header("pamkit.audit/1");
  result.document["command"] = command;
  result.document["code"] = json::array();
  result.document["operators"] = json::array();
  result.document["steps"] = json::array();
  json device = {{"code", json::array()}, {"refused", json::array()}};
  std::error_code error;
  const bool is_asked_for = std::ranges::any_of(
      kinds, [](const std::string& kind) { return kind == "ptx" || kind == "sass"; });
  if (is_asked_for && std::filesystem::exists(sources.device_code, error)) {
    device = read_device_code(sources.device_code);
  }
  for (const std::string& kind : kinds) {
    if (kind == "x86") {
      audit_objects(sources, result);
    } else if (kind == "operators") {
      audit_operators(sources.operators, result);
    } else {
      audit_device(kind, device, result);
    }
  }
  add_device_refusals(kinds, device, result);
  result.document["refused"] = result.refused;
  result.document["not_run"] = result.absent;
  return result;
}

std::string audit_page(const json& document) {
  const json& code = document["code"];
  const auto command = document["command"].get<std::string>();
  const bool holds = document["refused"].empty();
  return fill_template(
      "audit.html",
      {{"style", std::string(template_text("page.css"))},
       {"environment", environment_html(document["environment"], command)},
       {"verdict", holds ? "<p class=\"status-good\">The certificate holds.</p>"
                         : "<p class=\"status-bad\">The certificate does not hold.</p>"},
       {"refused", list_items(document["refused"], "Nothing.")},
       {"not_run", list_items(document["not_run"], "Nothing.")},
       {"model", model_rows(code)},
       {"device", device_rows(code)},
       {"objects", object_rows(code)},
       {"steps", step_rows(document["steps"])},
       {"left", left_rows(document["operators"])},
       {"command", escape_html(command)}});
}

}  // namespace pamkit::reports
