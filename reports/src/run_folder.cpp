#include "run_folder.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <tuple>

#include "page.hpp"

namespace pamkit::reports {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfig = "config.json";
constexpr std::string_view kMetrics = "metrics.jsonl";
constexpr std::string_view kSummary = "summary.json";
constexpr std::string_view kStatistics = "statistics.json";
constexpr std::string_view kOnGpu = " on cuda";

// JSON has no NaN: writers put null, or the word.
bool is_not_a_number(const nlohmann::json& value) {
  if (value.is_null() || value.is_string()) return true;
  return value.is_number() && !std::isfinite(value.get<double>());
}

std::optional<double> find_number(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || is_not_a_number(*it) || !it->is_number()) return std::nullopt;
  return it->get<double>();
}

// Text, or a number as text: seeds come as either.
std::string find_text(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return {};
  return it->is_string() ? it->get<std::string>() : it->dump();
}

void take_text(std::string& field, const nlohmann::json& object, const char* key) {
  if (std::string text = find_text(object, key); !text.empty()) field = std::move(text);
}

void take_identity(training_run& run, const nlohmann::json& object) {
  take_text(run.recipe, object, "recipe");
  take_text(run.arithmetic, object, "arithmetic");
  take_text(run.scope, object, "scope");
  take_text(run.derivative, object, "derivative");
  take_text(run.format, object, "format");
  take_text(run.seed, object, "seed");
  take_text(run.metric, object, "metric");
  take_text(run.device, object, "device");
  if (const auto it = object.find("environment"); it != object.end() && it->is_object()) {
    take_text(run.cpu, *it, "cpu");
  }
}

// Arm and seed, which tables tell; and what changes no bit of a run.
constexpr std::string_view kNoSettings[] = {"recipe",
                                            "arithmetic",
                                            "scope",
                                            "derivative",
                                            "format",
                                            "compensation",
                                            "seed",
                                            "metric",
                                            "threads",
                                            "workers",
                                            "device",
                                            "settings.checkpoint",
                                            "settings.training.moment_decay",
                                            "settings.training.loss_gradient"};

// Settings of AdderNet decide its runs alone.
void take_settings(training_run& run, const std::string& path, const nlohmann::json& value) {
  if (std::ranges::find(kNoSettings, path) != std::end(kNoSettings)) return;
  if (path == "settings.adder" && run.arithmetic != "adder") return;
  if (!value.is_object()) {
    run.settings[path] = value.is_string() ? value.get<std::string>() : value.dump();
    return;
  }
  for (const auto& [key, inner] : value.items()) {
    take_settings(run, path.empty() ? key : path + "." + key, inner);
  }
}

std::string text_of_environment(const nlohmann::json& document, const char* key) {
  const auto it = document.find("environment");
  return it != document.end() && it->is_object() ? find_text(*it, key) : std::string();
}

// What decides a run stands in config.json under "run"; the machine beside it.
void take_config(training_run& run, const nlohmann::json& config) {
  take_identity(run, config);
  run.commit = text_of_environment(config, "commit");
  const auto described = config.find("run");
  if (described == config.end() || !described->is_object()) return;
  take_identity(run, *described);
  take_settings(run, "", *described);
  const auto settings = described->find("settings");
  if (settings == described->end() || !settings->is_object()) return;
  const auto training = settings->find("training");
  if (training != settings->end() && training->is_object()) {
    take_text(run.moment_decay, *training, "moment_decay");
    take_text(run.loss_gradient, *training, "loss_gradient");
  }
}

std::string digest_of(const nlohmann::json& summary) {
  const auto it = summary.find("verification");
  if (it == summary.end()) return {};
  return it->is_object() ? find_text(*it, "digest") : find_text(summary, "verification");
}

nlohmann::json read_object(const fs::path& file) {
  nlohmann::json json = read_json(file);
  if (!json.is_object()) throw input_error(file.string() + ": not a JSON object");
  return json;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// Of one thread the CPU time, which what else the machine does changes least.
void take_step_time(training_run& run, const nlohmann::json& used) {
  run.threads = find_number(used, "threads");
  const auto wall = find_number(used, "step_seconds_median");
  const auto cpu = find_number(used, "step_cpu_seconds_median");
  run.is_cpu_time = run.threads == 1.0 && cpu;
  run.step_seconds = run.is_cpu_time ? cpu : wall;
  if (run.is_cpu_time && wall && *cpu > 0) run.load = *wall / *cpu;
}

class metrics_reader {
 public:
  explicit metrics_reader(training_run& run) : run_(run) {}

  void read(const fs::path& file) {
    std::ifstream in(file);
    if (!in) throw input_error(file.string() + ": cannot be read; a run folder has one");
    std::int64_t number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      const bool complete = !in.eof();
      const nlohmann::json record = nlohmann::json::parse(line, nullptr, false);
      if (record.is_object()) {
        add(record);
      } else if (complete && !line.empty()) {
        throw input_error(file.string() + ":" + std::to_string(number) +
                          ": not a JSON object; each line is one");
      }
    }
    if (!throughputs_.empty()) run_.throughput = median(throughputs_);
  }

 private:
  void add(const nlohmann::json& record) {
    const std::string kind = find_text(record, "kind");
    const auto step = static_cast<std::int64_t>(
        find_number(record, "step").value_or(static_cast<double>(run_.steps)));
    run_.steps = std::max(run_.steps, step);
    if (const auto epoch = find_number(record, "epoch")) {
      run_.epochs = std::max(run_.epochs, static_cast<std::int64_t>(*epoch));
    }
    if (const auto seconds = find_number(record, "seconds")) run_.seconds = seconds;
    for (const auto& [key, unit] :
         {std::pair("tokens_per_second", "tokens/s"), std::pair("images_per_second", "images/s")}) {
      const auto speed = find_number(record, key);
      if (!speed || kind != "step") continue;
      throughputs_.push_back(*speed);
      run_.throughput_unit = unit;
    }
    if (kind == "step") add_loss(record, "loss", step, run_.training_losses);
    if (kind == "epoch") {
      add_loss(record, "valid_loss", step, run_.validation_losses);
      if (const auto loss = find_number(record, "valid_loss")) run_.valid_loss = loss;
      if (const auto value = find_number(record, "metric")) run_.value = value;
    }
  }

  void add_loss(const nlohmann::json& record, const char* key, std::int64_t step,
                std::vector<loss_point>& points) {
    const auto it = record.find(key);
    if (it == record.end()) return;
    if (const auto loss = find_number(record, key)) {
      points.push_back({static_cast<double>(step), *loss});
    } else if (!run_.diverged_at) {
      run_.diverged_at = step;
    }
  }

  training_run& run_;
  std::vector<double> throughputs_;
};

}  // namespace

std::string_view name_of(run_status status) {
  switch (status) {
    case run_status::finished:
      return "finished";
    case run_status::unfinished:
      return "unfinished";
    case run_status::diverged:
      return "diverged";
    case run_status::unverified:
      return "unverified";
    case run_status::superseded:
      return "superseded";
  }
  return "";
}

std::string training_run::arm() const {
  std::string name = arithmetic;
  if (scope != "matmul") name += "+" + scope;
  if (derivative != "approx") name += "+" + derivative;
  if (format != "binary32") name += "+" + format;
  const bool has_update = scope == "optimizer" || scope == "all";
  if (has_update && moment_decay == "corrected") name += "+corrected";
  const bool has_loss = has_update || scope == "loss";
  if (has_loss && loss_gradient == "centred") name += "+centred";
  return name;
}

namespace {

training_run read_files(const fs::path& folder) {
  training_run run;
  run.folder = folder;
  run.scope = "matmul";
  run.derivative = "approx";
  run.format = "binary32";
  take_config(run, read_object(folder / kConfig));
  metrics_reader(run).read(folder / kMetrics);
  if (fs::exists(folder / kSummary)) {
    const nlohmann::json summary = read_object(folder / kSummary);
    if (find_text(summary, "schema") != "pamkit.run/1") {
      throw input_error((folder / kSummary).string() + ": schema is not pamkit.run/1");
    }
    take_identity(run, summary);
    run.status = run_status::finished;
    run.signature = find_text(summary, "signature");
    run.parameters_sha256 = find_text(summary, "parameters_sha256");
    run.verification = digest_of(summary);
    run.last_commit = text_of_environment(summary, "commit");
    run.finished_at = text_of_environment(summary, "date");
    if (const auto used = summary.find("resources"); used != summary.end() && used->is_object()) {
      take_step_time(run, *used);
    }
    const auto value = summary.find("value");
    const bool is_verified = find_text(summary, "status") != "unverified";
    if (value != summary.end() && is_not_a_number(*value)) {
      run.status = is_verified ? run_status::diverged : run_status::unverified;
      run.value.reset();
    } else {
      run.value = find_number(summary, "value");
    }
  }
  if (run.diverged_at) run.status = run_status::diverged;
  std::error_code error;
  if (run.status == run_status::finished) {
    if (fs::exists(folder / kStatistics, error)) {
      run.statistics = read_statistics(folder / kStatistics);
    }
    run.sentences = read_sentences(folder);
  }
  if (run.device.starts_with("cuda")) run.recipe += kOnGpu;
  if (run.arithmetic.empty()) {
    throw input_error((folder / kConfig).string() + ": no \"arithmetic\"");
  }
  return run;
}

}  // namespace

training_run read_run(const fs::path& folder) {
  try {
    return read_files(folder);
  } catch (const nlohmann::json::exception& error) {
    throw input_error(folder.string() +
                      ": a file of it is not as training writes it: " + error.what());
  } catch (const fs::filesystem_error& error) {
    throw input_error(folder.string() + ": cannot be read: " + error.code().message());
  }
}

void keep_run(const training_run& run, const fs::path& to) {
  for (const std::string_view name : {kConfig, kMetrics, kSummary, kStatistics}) {
    const fs::path from = run.folder / name;
    std::ifstream in(from, std::ios::binary);
    if (!in) continue;  // of an unfinished run
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) throw input_error(from.string() + ": cannot be read");
    write_output(to / name, text);
  }
  if (!run.sentences.sentences.empty()) {
    write_output(to / "sentences.json", sentences_json(run.sentences));
  }
}

std::vector<fs::path> find_runs(const std::vector<fs::path>& directories,
                                std::vector<std::string>& problems) {
  std::vector<fs::path> found;
  std::vector<fs::path> seen;
  const auto add = [&](const fs::path& folder) {
    const fs::path canonical = fs::weakly_canonical(folder);
    if (std::ranges::find(seen, canonical) != seen.end()) return;
    seen.push_back(canonical);
    found.push_back(folder);
  };
  // What a run folder cannot be without; a folder with only metrics is a damaged run and will be
  // reported.
  const auto is_run = [](const fs::path& folder) {
    std::error_code none;
    return fs::exists(folder / kConfig, none) || fs::exists(folder / kMetrics, none) ||
           fs::exists(folder / kSummary, none);
  };
  // Folders in a folder. What cannot be looked into may be a run, so it is not left out silently.
  const auto folders_in = [&](const fs::path& folder) {
    std::vector<fs::path> inside;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      std::error_code none;
      if (it->is_directory(none)) inside.push_back(it->path());
    }
    if (!error) std::ignore = fs::exists(folder / kConfig, error);
    if (error) {
      problems.push_back(folder.string() + ": cannot be read: " + error.message() +
                         "; it may hold runs");
    }
    return inside;
  };
  for (const fs::path& directory : directories) {
    std::error_code error;
    if (!fs::is_directory(directory, error)) {
      problems.push_back(directory.string() +
                         ": no such folder; name run folders or folders of them");
      continue;
    }
    if (is_run(directory)) {
      add(directory);
      continue;
    }
    std::vector<fs::path> children;
    const std::size_t unreadable = problems.size();
    for (const fs::path& child : folders_in(directory)) {
      if (is_run(child)) {
        children.push_back(child);
        continue;
      }
      // A folder for each recipe.
      for (const fs::path& run : folders_in(child)) {
        if (is_run(run)) {
          children.push_back(run);
        } else {
          folders_in(run);  // for what cannot be read in it
        }
      }
    }
    if (children.empty() && problems.size() == unreadable) {
      problems.push_back(
          directory.string() +
          ": holds no run folder; one has config.json, metrics.jsonl and summary.json");
    }
    std::ranges::sort(children);
    std::ranges::for_each(children, add);
  }
  return found;
}

}  // namespace pamkit::reports
