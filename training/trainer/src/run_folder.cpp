#include "run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "durable_file.hpp"
#include "pamkit/provenance/environment.hpp"
#include "pamkit/training/input_error.hpp"
#include "parsed_json.hpp"

namespace pamkit::training {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

json parse_file(const fs::path& path) {
  json parsed = parsed_json(path, "give --force to start anew");
  if (!parsed.is_object()) {
    throw input_error(path.string(), "is not a JSON object", "give --force to start anew");
  }
  return parsed;
}

[[noreturn]] void refuse_other(const fs::path& file, const std::string& key, const json& there,
                               const json& asked) {
  throw input_error(
      file.string(),
      "this run has " + key.substr(std::min<std::size_t>(1, key.size())) + " = " + there.dump() +
          ", asked is " + asked.dump(),
      "give another --out, or --force to start anew");
}

bool is_of_a_run(const std::string& name) {
  return name == "config.json" || name == "metrics.jsonl" || name == "summary.json" ||
         name == "hypotheses.txt" || name == "references.txt" || name == "subwords.model" ||
         name == "statistics.json" || name == "parameters.safetensors" || name.starts_with("dict.") ||
         name.starts_with("checkpoint-") || name.ends_with(".partial");
}

}  // namespace

run_folder::run_folder(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) throw input_error(path_.string(), error.message(), "give another --out");
  directory_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_ < 0) throw input_error(path_.string(), last_error(), "give another --out");
  if (::flock(directory_, LOCK_EX | LOCK_NB) != 0) {
    ::close(directory_);
    throw input_error(path_.string(), "another process is at work in this run folder",
                      "wait for it, or give another --out");
  }
}

run_folder::~run_folder() { ::close(directory_); }

void run_folder::clear() const {
  for (const fs::directory_entry& entry : fs::directory_iterator(path_)) {
    if (is_of_a_run(entry.path().filename().string())) fs::remove(entry.path());
  }
}

void run_folder::claim_for(const json& description, const file_digests& vocabulary) const {
  const fs::path file = path_ / "config.json";
  if (!fs::exists(file)) {
    json config = provenance::file_header("pamkit.run_config/1");
    config["run"] = description;
    if (!vocabulary.empty()) config["vocabulary_sha256"] = vocabulary;
    write_durably(file, config.dump(2) + "\n");
    return;
  }
  const json config = parse_file(file);
  if (!config.contains("run") || !config["run"].is_object()) {
    throw input_error(file.string(), "is no configuration of a run", "give --force to start anew");
  }
  const json there = config["run"].flatten();
  const json asked = description.flatten();
  for (const auto& [key, value] : asked.items()) {
    // Runs on the CPU are older than the choice of a device.
    const json old = there.value(key, key == "/device" ? json("cpu") : json());
    if (old != value) refuse_other(file, key, old, value);
  }
  // A class less, for one.
  for (const auto& [key, value] : there.items()) {
    if (!asked.contains(key)) refuse_other(file, key, value, json());
  }
}

std::optional<json> run_folder::summary() const {
  const fs::path file = path_ / "summary.json";
  if (!fs::exists(file)) return std::nullopt;
  return parse_file(file);
}

}  // namespace pamkit::training
