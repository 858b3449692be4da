#include "run_folder.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <tuple>

#include "kept_run.hpp"
#include "page.hpp"
#include "paired_bootstrap.hpp"
#include "run_fields.hpp"

namespace pamkit::reports {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::string_view kOnGpu = " on cuda";

// What several places say of a run must be the same everywhere: none tells which of them is right.
void take_text(std::string& field, const run_fields& from, const char* key) {
  std::string text = from.text(key);
  if (text.empty()) return;
  if (!field.empty() && field != text) {
    from.refuse(key, "is " + text + ", and " + std::string(kConfig) + " says " + field);
  }
  field = std::move(text);
}

void take_identity(training_run& run, const run_fields& from) {
  take_text(run.recipe, from, "recipe");
  take_text(run.arithmetic, from, "arithmetic");
  take_text(run.scope, from, "scope");
  take_text(run.derivative, from, "derivative");
  take_text(run.format, from, "format");
  take_text(run.seed, from, "seed");
  take_text(run.metric, from, "metric");
  take_text(run.device, from, "device");
  const std::string cpu = from.object("environment").text("cpu");
  if (!cpu.empty()) run.cpu = cpu;  // of the machine that finished it, where another began it
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

std::string setting_text(const ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Settings of AdderNet decide its runs alone.
void take_settings(training_run& run, const std::string& path, const ordered_json& value) {
  if (std::ranges::find(kNoSettings, path) != std::end(kNoSettings)) return;
  if (path == "settings.adder" && run.arithmetic != "adder") return;
  if (!value.is_object()) {
    run.settings[path] = setting_text(value);
    return;
  }
  for (const auto& [key, inner] : value.items()) {
    take_settings(run, path.empty() ? key : path + "." + key, inner);
  }
}

// What decides a run stands in config.json under "run"; the machine beside it.
void take_config(training_run& run, const run_fields& config) {
  take_identity(run, config);
  run.commit = config.object("environment").text("commit");
  const run_fields described = config.object("run");
  take_identity(run, described);
  const run_fields training = described.object("settings").object("training");
  run.moment_decay = training.text("moment_decay");
  run.loss_gradient = training.text("loss_gradient");
  take_settings(run, "", described.json());
}

// A summary repeats what decides the run, but for the recipe's settings.
void require_same_settings(const training_run& run, const run_fields& summary) {
  for (const auto& [key, value] : run.settings) {
    if (!summary.has(key)) continue;
    const std::string text = setting_text(summary.json()[key]);
    if (text != value) {
      summary.refuse(key, "is " + text + ", and " + std::string(kConfig) + " says " + value);
    }
  }
}

std::string digest_of(const run_fields& summary) {
  const auto it = summary.json().find("verification");
  const bool is_text = it != summary.json().end() && it->is_string();
  return is_text ? it->get<std::string>() : summary.object("verification").text("digest");
}

// One that was there and failed; a digest alone, and one that was not run, say no such thing.
bool has_failed_verification(const run_fields& summary) {
  const auto it = summary.json().find("verification");
  return it != summary.json().end() && it->is_object() &&
         summary.object("verification").text("status") == "fail";
}

// What training writes: "complete" with a value, which is null where it is not a number, and two
// ends without one.
run_status status_of(const run_fields& summary) {
  const std::string status = summary.text("status");
  if (status != "complete" && status != "diverged" && status != "unverified") {
    summary.refuse("status",
                   status.empty() ? "is missing" : "is none that training writes: " + status);
  }
  if (!summary.has("value")) summary.refuse("value", "is missing");
  const bool is_number = !summary.is_not_a_number("value");
  if (status == "complete" && is_number) {
    return has_failed_verification(summary) ? run_status::unproven : run_status::finished;
  }
  if (status == "complete") return run_status::diverged;
  if (is_number) summary.refuse("value", "is there, and \"status\" is " + status);
  return status == "diverged" ? run_status::diverged : run_status::unverified;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// Of one thread the CPU time, which what else the machine does changes least.
void take_step_time(training_run& run, const run_fields& used) {
  run.threads = used.number("threads");
  const auto wall = used.number("step_seconds_median");
  const auto cpu = used.number("step_cpu_seconds_median");
  run.is_cpu_time = run.threads == 1.0 && cpu;
  run.step_seconds = run.is_cpu_time ? cpu : wall;
  if (run.is_cpu_time && wall && *cpu > 0) run.load = *wall / *cpu;
}

class metrics_reader {
 public:
  explicit metrics_reader(training_run& run) : run_(run) {}

  void read(const fs::path& file) {
    require_regular_file(file);
    std::ifstream in(file);
    if (!in) throw input_error(file.string() + ": cannot be read; a run folder has one");
    std::int64_t number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      const bool complete = !in.eof();
      is_cut_ = !complete && !line.empty();
      const std::string where = file.string() + ":" + std::to_string(number);
      require_shallow(line, where);
      const auto record = ordered_json::parse(line, nullptr, false);
      if (record.is_object()) {
        add(run_fields(record, where));
      } else if (complete && !line.empty()) {
        throw input_error(where + ": not a JSON object; each line is one");
      }
    }
    if (!throughputs_.empty()) run_.throughput = median(throughputs_);
  }

  /// What a summary says was done has its records: training writes it when they are all there.
  void require_whole(const run_fields& summary, const std::string& file) const {
    const auto steps = summary.whole("steps");
    const bool has_trained = run_.status != run_status::unverified && steps != 0;
    if (has_trained && !has_records_) {
      throw input_error(file +
                        ": no line of it is of a step or an epoch, and the run has a summary");
    }
    if (is_cut_) throw input_error(file + ": its last line is cut, and the run has a summary");
    if (steps && *steps != run_.steps) {
      throw input_error(file + ": it ends at step " + std::to_string(run_.steps) + ", and " +
                        std::string(kSummary) + " says " + std::to_string(*steps));
    }
    const bool is_complete =
        run_.status == run_status::finished || run_.status == run_status::unproven;
    if (steps && is_complete && last_epoch_at_ != steps) {
      throw input_error(file +
                        ": the record of the last epoch is missing, and the run has a summary");
    }
  }

 private:
  void add(const run_fields& record) {
    const std::string kind = record.text("kind");
    has_records_ = has_records_ || kind == "step" || kind == "epoch";
    const std::int64_t step = record.whole("step").value_or(run_.steps);
    run_.steps = std::max(run_.steps, step);
    run_.epochs = std::max(run_.epochs, record.whole("epoch").value_or(0));
    if (const auto seconds = record.number("seconds")) run_.seconds = seconds;
    for (const auto& [key, unit] :
         {std::pair("tokens_per_second", "tokens/s"), std::pair("images_per_second", "images/s")}) {
      const auto speed = record.number(key);
      if (!speed || kind != "step") continue;
      throughputs_.push_back(*speed);
      run_.throughput_unit = unit;
    }
    if (kind == "step") add_loss(record, "loss", step, run_.training_losses);
    if (kind == "epoch") {
      last_epoch_at_ = step;
      add_loss(record, "valid_loss", step, run_.validation_losses);
      if (const auto loss = record.number("valid_loss")) run_.valid_loss = loss;
      if (const auto value = record.number("metric")) run_.value = value;
    }
  }

  void add_loss(const run_fields& record, const char* key, std::int64_t step,
                std::vector<loss_point>& points) {
    if (const auto loss = record.number(key)) {
      points.push_back({static_cast<double>(step), *loss});
    } else if (record.has(key) && !run_.diverged_at) {
      run_.diverged_at = step;
    }
  }

  training_run& run_;
  std::vector<double> throughputs_;
  std::int64_t last_epoch_at_ = -1;
  bool has_records_ = false;
  bool is_cut_ = false;
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
    case run_status::unproven:
      return "verification failed";
    case run_status::contradicted:
      return "value contradicted";
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

ordered_json read_run_json(const fs::path& file) {
  require_regular_file(file);
  return read_json(file);
}

// The key of summary.json under which the numbers of examples stand, and theirs.
constexpr const char* kExamples = "examples";
constexpr const char* kExamplesUnit = "unit";
constexpr const char* kTrainingExamples = "train";
constexpr const char* kValidationExamples = "validation";
constexpr const char* kTestExamples = "test";
// How the name of a test set begins that is the validation set.
constexpr std::string_view kValidationSet = "validation ";

void take_examples(training_run& run, const run_fields& summary) {
  if (!summary.has(kExamples)) return;
  const run_fields counts = summary.object(kExamples);
  run.examples = {.unit = counts.text(kExamplesUnit),
                  .training = counts.whole(kTrainingExamples),
                  .validation = counts.whole(kValidationExamples),
                  .test = counts.whole(kTestExamples),
                  .tests_on_validation = summary.text("test").starts_with(kValidationSet)};
}

void take_summary(training_run& run, const run_fields& summary) {
  take_identity(run, summary);
  require_same_settings(run, summary);
  run.status = status_of(summary);
  run.value = summary.number("value");
  run.signature = summary.text("signature");
  run.parameters_sha256 = summary.text("parameters_sha256");
  run.verification = digest_of(summary);
  run.last_commit = summary.object("environment").text("commit");
  run.finished_at = summary.object("environment").text("date");
  take_step_time(run, summary.object("resources"));
  take_examples(run, summary);
}

// A value has all its digits, so that another machine's log and exp are all that may change it:
// below 1e-12. One n-gram more or less changes a BLEU above 4 by more than 1e-6, of up to a million
// of them.
constexpr double kSameBleu = 1e-6;

void take_sentences(training_run& run) {
  run.sentences = read_sentences(run.folder);
  if (run.sentences.sentences.empty()) return;
  const double bleu = bleu_of(run.sentences.sentences);
  if (std::abs(bleu - *run.value) <= kSameBleu) return;
  run.other_bleu = bleu;
  run.status = run_status::contradicted;
}

void set_if_empty(std::string& field, const char* value) {
  if (field.empty()) field = value;
}

training_run read_files(const fs::path& folder) {
  training_run run;
  run.folder = folder;
  const ordered_json config = read_run_json(folder / kConfig);
  const run_fields described(config, (folder / kConfig).string());
  if (config.value("schema", ordered_json()) != "pamkit.run_config/1") {
    throw input_error((folder / kConfig).string() + ": schema is not pamkit.run_config/1");
  }
  if (!described.has("run")) described.refuse("run", "is missing");
  take_config(run, described);
  metrics_reader metrics(run);
  metrics.read(folder / kMetrics);
  if (fs::exists(folder / kSummary)) {
    const ordered_json json = read_run_json(folder / kSummary);
    const run_fields summary(json, (folder / kSummary).string());
    if (json.value("schema", ordered_json()) != "pamkit.run/1") {
      throw input_error((folder / kSummary).string() + ": schema is not pamkit.run/1");
    }
    take_summary(run, summary);
    metrics.require_whole(summary, (folder / kMetrics).string());
  }
  set_if_empty(run.scope, "matmul");
  set_if_empty(run.derivative, "approx");
  set_if_empty(run.format, "binary32");
  if (run.diverged_at) run.status = run_status::diverged;
  require_regular_file(folder / kStatistics);  // which is kept of every run
  std::error_code error;
  if (run.status == run_status::finished) {
    if (fs::exists(folder / kStatistics, error)) {
      run.statistics = read_statistics(folder / kStatistics);
    }
    take_sentences(run);
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

std::vector<fs::path> folders_that_expect(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  const auto look_at = [&](const fs::path& folder) {
    std::error_code none;
    if (fs::exists(folder / kExpected, none)) found.push_back(folder);
  };
  look_at(directory);
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    std::error_code none;
    if (it->is_directory(none)) look_at(it->path());
  }
  std::ranges::sort(found);
  return found;
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
      if (it->is_directory(none) && !is_kept_in_part(it->path())) inside.push_back(it->path());
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
    if (children.empty() && problems.size() == unreadable &&
        folders_that_expect(directory).empty()) {
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
