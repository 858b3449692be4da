#include "pamkit/proofs/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "pamkit/provenance/environment.hpp"

namespace pamkit::proofs {
namespace {

using json = nlohmann::ordered_json;
using properties::result;
using properties::run_status;

bool is_asked(const std::vector<std::string>& asked, const std::string& name) {
  return asked.empty() || std::ranges::find(asked, name) != asked.end();
}

bool asks_for_pam(const properties::suite_options& asked) {
  return asked.arithmetics.empty() ||
         std::ranges::any_of(asked.arithmetics,
                             [](const arithmetic_choice& a) { return a.label == "pam"; });
}

// An entry of the record whose fields have the kinds that this program writes; else nothing.
const json* find_entry(const json& record, const std::string& name, const std::string& format) {
  if (!record.is_object() || record.value("schema", "") != "pamkit.prove/1") return nullptr;
  const auto list = record.find("statements");
  if (list == record.end() || !list->is_array()) return nullptr;
  for (const json& entry : *list) {
    if (entry.is_object() && entry.value("name", "") == name &&
        entry.value("format", "") == format) {
      return &entry;
    }
  }
  return nullptr;
}

bool is_as_expected(const json& entry) {
  return entry.value("verdict", "") == "unsat" && entry.value("vacuity", "") == "sat" &&
         entry.value("mutant", "") == "sat";
}

result row_of(const json& record, const proof_folder& folder, const statement_file& s,
              const any_format& format) {
  result row;
  row.property = s.property;
  row.statement = s.name;
  row.operation = s.operation;
  row.format = describe(format).name;
  row.arithmetic = "pam";
  row.policy = row.overflow = "any";
  row.backend = "specification";
  row.domain = s.domain;
  row.mode = properties::run_mode::proved;
  const json* const entry = find_entry(record, s.name, row.format);
  const json* const link = find_entry(record, "link_" + s.operation, row.format);
  if (entry == nullptr || link == nullptr ||
      entry->value("fingerprint", "") != fingerprint(folder.prelude(format) + s.text)) {
    row.status = run_status::not_run;
    row.reason = "no proof of these files is on record: run ./pamkit prove";
  } else if (!is_as_expected(*entry)) {
    row.status = run_status::fail;
    row.reason = fmt::format("the solver did not prove it: see prove.json, {}", s.name);
  } else if (!is_as_expected(*link)) {
    row.status = run_status::fail;
    row.reason = fmt::format("the proved definition is not the emulator's: see prove.json, link_{}",
                             s.operation);
  } else {
    row.reason = fmt::format("by {}", record.value("solver", "an unnamed solver"));
  }
  return row;
}

}  // namespace

json to_json(const std::string& solver, double limit,
             const std::vector<judged_statement>& statements) {
  json document = provenance::file_header("pamkit.prove/1");
  document["solver"] = solver;
  document["timeout"] = limit;
  document["statements"] = json::array();
  for (const judged_statement& s : statements) {
    json entry = {
        {"name", s.name},           {"format", s.format},          {"verdict", s.found.statement},
        {"expected", "unsat"},      {"seconds", s.found.seconds},  {"vacuity", s.found.vacuity},
        {"mutant", s.found.mutant}, {"fingerprint", s.fingerprint}};
    document["statements"].push_back(std::move(entry));
  }
  return document;
}

std::vector<result> proved_rows(const std::filesystem::path& record, const proof_folder& folder,
                                const properties::suite_options& asked) {
  std::vector<result> rows;
  if (!asks_for_pam(asked)) return rows;
  std::ifstream in(record);
  const json document = in ? json::parse(in, nullptr, false) : json();
  const auto formats = asked.formats.empty() ? default_proof_formats() : asked.formats;
  for (const statement_file& s : folder.statements) {
    if (!is_asked(asked.properties, s.property) || !is_asked(asked.operations, s.operation)) {
      continue;
    }
    for (const any_format& format : formats) {
      if (s.is_about(describe(format).name)) {
        rows.push_back(row_of(document, folder, s, format));
      }
    }
  }
  return rows;
}

}  // namespace pamkit::proofs
