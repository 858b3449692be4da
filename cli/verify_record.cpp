#include "verify_record.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "console.hpp"
#include "failure.hpp"
#include "pamkit/properties/record_json.hpp"
#include "pamkit/provenance/environment.hpp"

namespace pamkit::cli {
namespace {

using json = nlohmann::ordered_json;

// FNV-1a.
std::uint64_t hash_of(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// This program, by its bytes: a rebuilt one may number its tasks differently.
std::string program_hash() {
  std::ifstream in("/proc/self/exe", std::ios::binary);
  std::uint64_t hash = hash_of("");
  std::vector<char> block(1 << 20);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    hash = hash_of({block.data(), static_cast<std::size_t>(in.gcount())}, hash);
  }
  return fmt::format("{:016x}", hash);
}

json request_to_json(const verify_request& request) {
  json j = properties::options_to_json(request.options);
  j["absent_backends"] = request.absent_backends;
  return j;
}

constexpr const char* kJournalSchema = "pamkit.verify-journal/1";

// What the first line of every journal begins with.
std::string header_start() {
  const json start = {{"schema", kJournalSchema}};
  std::string text = start.dump();
  text.pop_back();
  return text;
}

json header_of(const verify_request& request, const properties::shard& part) {
  const provenance::environment e = provenance::current_environment();
  return {{"schema", kJournalSchema},
          {"spec", "1"},
          {"commit", e.commit},
          {"program", program_hash()},
          {"shard", {{"index", part.index}, {"count", part.count}}},
          {"options", request_to_json(request)}};
}

// Each line ends with a hash of what precedes it.
std::string signed_line(const std::string& text) {
  return fmt::format("{} {:016x}\n", text, hash_of(text));
}

std::optional<json> read_line(const std::string& line) {
  constexpr std::size_t kHashDigits = 16;
  if (line.size() <= kHashDigits) return std::nullopt;
  const std::string text = line.substr(0, line.size() - kHashDigits - 1);
  if (signed_line(text) != line + "\n") return std::nullopt;
  json j = json::parse(text, nullptr, false);
  return j.is_discarded() ? std::nullopt : std::optional(std::move(j));
}

// The first of these that differs, in words.
std::string difference(const json& found, const json& wanted) {
  for (const auto& [name, value] : wanted.items()) {
    if (!found.contains(name)) return name;
    if (found.at(name) == value) continue;
    if (name != "options") return name;
    for (const auto& [option, wanted_value] : value.items()) {
      if (!found.at(name).contains(option) || found.at(name).at(option) != wanted_value)
        return option;
    }
    return name;
  }
  return {};
}

// The rows as a reader of pamkit.verify/1 finds them: what a shard saw.
json results_of_shard(const properties::suite_options& options,
                      const properties::suite_record& record) {
  json rows = json::array();
  for (auto& row : properties::rows_to_json(properties::results_of(options, record).rows)) {
    rows.push_back(std::move(row));
  }
  return rows;
}

// A shard says everything twice: as results, for readers, and as parts, which are joined. One that
// says two different things was changed, and neither is to be believed.
void require_same_results(const std::string& name, const json& document,
                          const properties::suite_options& options,
                          const properties::suite_record& record) {
  const auto refuse = [&](const std::string& what) {
    throw failure(fmt::format("{}: {}; run that shard again", name, what));
  };
  if (!document.contains("results") || !document.at("results").is_array()) {
    refuse("its results are missing");
  }
  // Without the order of members, which other tools may change.
  const nlohmann::json found = document.at("results");
  const nlohmann::json wanted = results_of_shard(options, record);
  if (found == wanted) return;
  if (found.size() != wanted.size()) {
    refuse(fmt::format("it has {} results and its parts {}", found.size(), wanted.size()));
  }
  std::size_t i = 0;
  while (found[i] == wanted[i]) ++i;
  refuse(fmt::format("result {} is not what its parts say", i + 1));
}

}  // namespace

verify_journal::verify_journal(std::filesystem::path file, const verify_request& request,
                               const properties::shard& part, bool fresh,
                               properties::suite_record& record)
    : file_(std::move(file)) {
  std::error_code ignored;
  std::filesystem::create_directories(file_.parent_path(), ignored);
  lock_.emplace(file_);
  const json wanted = header_of(request, part);
  // What is kept is the beginning of the file, which stays as it is: a run that ends here loses
  // none.
  const std::uintmax_t kept = fresh ? 0 : read(wanted, record);
  std::filesystem::resize_file(file_, kept);
  out_.open(file_, std::ios::binary | std::ios::app);
  if (kept == 0) add_line(signed_line(wanted.dump()));
}

std::uintmax_t verify_journal::read(const nlohmann::ordered_json& wanted,
                                    properties::suite_record& record) const {
  const std::string start = header_start();
  std::ifstream in(file_, std::ios::binary);
  std::uintmax_t kept = 0;
  std::string line;
  for (std::uint64_t number = 1; std::getline(in, line); ++number) {
    const bool is_cut = in.eof();  // by the end of the run that wrote it
    const auto j = is_cut ? std::nullopt : read_line(line);
    if (number == 1) {
      if (!line.starts_with(start) && !start.starts_with(line)) {
        throw failure(
            fmt::format("{} exists and was not written by pamkit; name another --out, or say "
                        "--fresh to discard it",
                        file_.string()));
      }
      if (!j) {
        complain(fmt::format("{}: its first line is damaged; the run starts anew", file_.string()));
        break;
      }
      const std::string other = difference(*j, wanted);
      if (!other.empty()) {
        throw failure(fmt::format(
            "{} is of a run with another {}; finish that one, name another --out, or say --fresh "
            "to discard it",
            file_.string(), other));
      }
    } else {
      bool usable = j.has_value();
      try {
        if (usable) properties::add_task(*j, record);
      } catch (const std::exception&) {
        usable = false;
      }
      if (!usable) {
        if (!is_cut) {
          complain(fmt::format("{}: line {} is damaged; from there on the run is done again",
                               file_.string(), number));
        }
        break;
      }
    }
    kept += line.size() + 1;
  }
  return kept;
}

void verify_journal::add_line(std::string text) {
  out_ << text << std::flush;
  if (!out_) {
    throw failure(fmt::format("cannot write {}: {}; name a place that can be written",
                              file_.string(), std::strerror(errno)));
  }
}

void verify_journal::add(std::uint64_t task, const std::vector<properties::result>& rows,
                         const std::vector<properties::used_cases>& made) {
  add_line(signed_line(properties::task_to_json(task, rows, made).dump()));
}

void verify_journal::remove() {
  out_.close();
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
  lock_.reset();
}

std::string write_shard(const verify_request& request, const properties::shard& part,
                        const properties::suite_record& record) {
  json document = provenance::file_header("pamkit.verify/1");
  document["shard"] = {{"index", part.index},
                       {"count", part.count},
                       {"tasks", record.tasks},
                       {"options", request_to_json(request)}};
  std::string text = document.dump(1);
  text.resize(text.rfind('\n'));
  text += ",\n \"parts\": [";
  bool is_first = true;
  const auto add = [&](const json& line) {
    text += (is_first ? "\n  " : ",\n  ") + line.dump();
    is_first = false;
  };
  for (const auto& [number, rows] : record.done) {
    add(properties::task_to_json(number, rows, {}));
  }
  text += "\n ],\n \"cases\": " + properties::task_to_json(0, {}, record.cases).at("cases").dump();
  text += ",\n \"results\": [";
  is_first = true;
  for (const json& row : results_of_shard(request.options, record)) add(row);
  return text + "\n ]\n}\n";
}

merged_run merge_shards(const std::vector<std::filesystem::path>& files) {
  merged_run run;
  json first;
  std::map<std::uint64_t, std::string> seen;
  std::uint64_t count = 0;
  for (const std::filesystem::path& file : files) {
    const std::string name = file.string();
    std::ifstream in(file, std::ios::binary);
    if (!in) throw failure(fmt::format("cannot read {}: {}", name, std::strerror(errno)));
    json document = json::parse(in, nullptr, false);
    const json* const schema = document.is_object() ? &document["schema"] : nullptr;
    if (schema == nullptr || *schema != "pamkit.verify/1") {
      throw failure(fmt::format(
          "{} is {}; name the verify.json of a shard, which 'verify --shard I/N' writes", name,
          document.is_discarded() ? "no JSON"
          : schema != nullptr && schema->is_string()
              ? fmt::format("a {} document", in_quotes(schema->get<std::string>()))
              : "no pamkit.verify/1 document"));
    }
    if (!document.contains("shard")) {
      throw failure(fmt::format("{} is no shard: 'verify --shard I/N' writes them", name));
    }
    try {
      const json& shard = document.at("shard");
      const json about = {{"spec", document.at("spec")},
                          {"commit", document.at("environment").at("commit")},
                          // What was asked for before what follows from it.
                          {"options", shard.at("options")},
                          {"number of shards", shard.at("count")},
                          {"number of tasks", shard.at("tasks")}};
      if (first.is_null()) {
        first = about;
        count = shard.at("count");
        run.record.tasks = shard.at("tasks");
        run.request.options = properties::options_from_json(shard.at("options"));
        run.request.absent_backends =
            shard.at("options").at("absent_backends").get<std::vector<std::string>>();
      } else if (const std::string other = difference(about, first); !other.empty()) {
        throw failure(fmt::format("{} and {} are of different runs: their {} differs",
                                  files.front().string(), name, other));
      }
      const std::uint64_t index = shard.at("index");
      const auto [it, is_new] = seen.emplace(index, name);
      if (!is_new) {
        throw failure(fmt::format("shard {} is there twice: {} and {}", index, it->second, name));
      }
      properties::suite_record own;
      own.tasks = run.record.tasks;
      for (json& part : document.at("parts")) {
        properties::add_task(part, run.record);
        properties::add_task(part, own);
      }
      properties::suite_record made;
      properties::add_task({{"task", 0}, {"rows", json::array()}, {"cases", document.at("cases")}},
                           made);
      own.cases = made.cases;
      require_same_results(name, document, run.request.options, own);
      std::ranges::move(made.cases, std::back_inserter(run.record.cases));
    } catch (const failure&) {
      throw;
    } catch (const std::exception& error) {
      // The library's text is "[name] what is wrong".
      std::string reason = error.what();
      if (const auto end = reason.find("] "); end != std::string::npos) reason.erase(0, end + 2);
      throw failure(fmt::format("{} is damaged: {}; run that shard again", name, reason));
    }
  }
  for (std::uint64_t index = 1; index <= count; ++index) {
    if (!seen.contains(index)) {
      throw failure(fmt::format("shard {} of {} is missing; name its verify.json too", index,
                                count));
    }
  }
  if (!run.record.is_complete()) {
    throw failure(fmt::format("the shards have {} of {} tasks: one of them is damaged",
                              run.record.done.size(), run.record.tasks));
  }
  return run;
}

}  // namespace pamkit::cli
