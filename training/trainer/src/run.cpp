#include "pamkit/training/run.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <span>

#include "durable_file.hpp"
#include "joined_update.hpp"
#include "json_fields.hpp"
#include "json_number.hpp"
#include "memory_need.hpp"
#include "pamkit/provenance/environment.hpp"
#include "pamkit/training/checkpoint.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/interruption.hpp"
#include "pamkit/training/metrics_file.hpp"
#include "pamkit/training/optimizer.hpp"
#include "pamkit/training/parameter_update.hpp"
#include "pamkit/training/sha256.hpp"
#include "pamkit/training/text_codec.hpp"
#include "pamkit/training/verification.hpp"
#include "resources.hpp"
#include "run_folder.hpp"
#include "safetensors.hpp"
#include "statistics.hpp"

namespace pamkit::training {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

const char* derivative_name(const arm& products) {
  return products.gradient() == derivative::exact ? "exact" : "approx";
}

json description_of(const run_request& r) {
  json settings = r.what.settings;
  settings.erase("name");
  settings.erase("task");
  settings.erase("description");
  json all = {{"recipe", r.what.name},
              {"task", r.what.settings["task"]},
              {"arithmetic", r.products.label()},
              {"scope", name_of(r.products.covered())},
              {"derivative", derivative_name(r.products)},
              {"format", describe(r.products.format()).name},
              {"seed", r.seed}};
  all.update(r.data.identity());
  all["device"] = training_device().str();
  all["settings"] = settings;
  return all;
}

// Of all that decides a run, for its checkpoints. Those of the CPU are older than the choice of a
// device.
std::string key_of(json description) {
  if (description["device"] == "cpu") description.erase("device");
  return sha256_hex(description.dump());
}

class training_run {
 public:
  training_run(const run_request& r, fs::path folder)
      : r_(r),
        job_(r.job),
        folder_(std::move(folder)),
        run_key_(key_of(description_of(r))),
        total_(total_updates(r.what, r.data)),
        warmup_(r.what.training.warmup + static_cast<std::uint64_t>(std::llround(
                                             r.what.training.warmup_epochs *
                                             static_cast<double>(r.data.updates_per_epoch())))),
        task_(r.data.make_task(r.products, r.seed, total_,
                               parts_of_worker(r.what.training.parts, r.job))),
        gradients_(*task_, r.products, r.what.training.parts, r.job),
        optimizer_(task_->parameters(), r.what.training.update, r.products),
        resumed_at_(restore()) {
    if (job_.is_first()) metrics_.emplace(folder_ / "metrics.jsonl", metrics_length_);
  }

  run_outcome execute() {
    outcome_.folder = folder_;
    outcome_.arithmetic = r_.products.label();
    outcome_.seed = r_.seed;
    outcome_.status = "complete";
    if (!verify()) {
      outcome_.status = "unverified";
    } else {
      train();
      if (outcome_.status == "complete" && job_.is_first()) {
        measure_test();
        require_numbers();
      }
    }
    finish();
    return outcome_;
  }

 private:
  // --- State -------------------------------------------------------------------------------------

  checkpoint_content content() {
    checkpoint_content all;
    for (const parameter& p : task_->parameters().all()) {
      all.tensors.emplace_back(p.name, p.value.detach());
    }
    for (auto& moment : optimizer_.state(task_->parameters()))
      all.tensors.push_back(std::move(moment));
    for (const buffer& b : task_->parameters().buffers()) all.tensors.emplace_back(b.name, b.value);
    return all;
  }

  std::uint64_t restore() {
    checkpoint_content all = content();
    json found;
    if (job_.is_first()) {
      const auto judge = [&](const fs::path& file, const json& state) {
        return complaint_of(fields_of(state, file));
      };
      if (const auto file = load_checkpoint(folder_, all, judge, r_.note)) {
        found = {{"file", file->string()}, {"state", all.state}};
      }
    }
    found =
        json::parse(job_.from_first(found.dump(-1, ' ', false, json::error_handler_t::replace)));
    job_.remember_step(0);
    if (found.is_null()) return 0;
    const json_fields state = fields_of(found["state"], found["file"].get<std::string>());
    for (const auto& [name, tensor] : all.tensors) {
      const at::Tensor values = on_host(tensor);
      job_.values().broadcast(
          {values.mutable_data_ptr<float>(), static_cast<std::size_t>(values.numel())});
      tensor.copy_(values);
    }
    step_ = state.whole("step");
    if (step_ > total_) state.refuse(fmt::format("is of step {} of {}", step_, total_));
    metrics_length_ = state.whole("metrics_length");
    epoch_loss_ = state.number("epoch_loss");
    epoch_items_ = state.whole("epoch_items");
    seconds_before_ = state.number("seconds");
    valid_.loss = state.number_or_nan("valid_loss");
    valid_.value = state.number_or_nan("valid_value");
    valid_.metric = state.text("valid_metric");
    r_.note(fmt::format("{}: going on after step {} of {}", folder_.string(), step_, total_));
    job_.remember_step(step_);
    return step_;
  }

  static json_fields fields_of(const json& state, const fs::path& file) {
    return json_fields(state, file,
                       "take it away, or give another --out, or --force to start anew");
  }

  // Why a checkpoint of this run cannot be gone on from: its metrics must be there, and whole.
  // Another run's is refused.
  std::string complaint_of(const json_fields& state) const {
    require_own(state);
    return complaint_of_metrics(folder_ / "metrics.jsonl", state.whole("metrics_length"));
  }

  // Of equal shapes, another recipe's or arm's would pass unnoticed. Those of older versions do not
  // say.
  void require_own(const json_fields& state) const {
    if (!state.has("run") || state.at("run") == run_key_) return;
    state.refuse("is a checkpoint of another recipe, arithmetic, seed or data");
  }

  void save() {
    if (saved_step_ == step_) return;
    require_equal_parameters();
    if (job_.is_first()) write_checkpoint();
    // It is there before any worker says that the run goes on from it.
    job_.exchange("");
    saved_step_ = step_;
    saved_at_ = wall_seconds();
    job_.remember_step(step_);
  }

  void write_checkpoint() {
    checkpoint_content all = content();
    all.state = {{"run", run_key_},
                 {"step", step_},
                 {"metrics_length", metrics_->sync()},
                 {"epoch_loss", epoch_loss_},
                 {"epoch_items", epoch_items_},
                 {"seconds", seconds()},
                 {"valid_loss", number_or_null(valid_.loss)},
                 {"valid_value", number_or_null(valid_.value)},
                 {"valid_metric", valid_.metric}};
    save_checkpoint(folder_, step_, all);
  }

  // Every worker makes the same updates; one whose machine computes otherwise is found here.
  void require_equal_parameters() {
    if (job_.count() == 1) return;
    const std::string mine = task_->parameters().sha256();
    const std::vector<std::string> all = job_.exchange(mine);
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (all[i] == all[0]) continue;
      throw std::runtime_error(fmt::format(
          "{}: after step {} worker {} has other parameters (SHA-256 {}) than worker 0 ({})",
          folder_.string(), step_, i, all[i].substr(0, 16), all[0].substr(0, 16)));
    }
  }

  double seconds() const { return seconds_before_ + wall_seconds() - started_at_; }

  void tell(const char* phase, double items_per_second = 0) const {
    if (r_.progress) {
      r_.progress({folder_.filename().string(), phase, step_, total_, loss_, items_per_second});
    }
  }

  // --- Verified before trained -------------------------------------------------------------------

  bool verify() {
    if (r_.products.is_native()) {
      verification_ = {{"status", "not-run"}, {"reason", "LibTorch's own kernels promise no bits"}};
      return true;
    }
    tell("verify");
    const verification_result result = verify_kernels([&] {
      task_->sample_passes();
      optimizer_.rehearse(task_->parameters(), r_.what.training.clip_norm);
    });
    verification_ = result.json();
    const std::vector<std::string> mismatches =
        job_.exchange(result.passed ? "" : result.first_mismatch);
    for (std::size_t i = 0; i < mismatches.size(); ++i) {
      if (mismatches[i].empty()) continue;
      const std::string where = i == 0 ? "" : fmt::format("worker {}: ", i);
      r_.note(fmt::format("{}: {}kernels differ from the golden model, no training: {}",
                          folder_.string(), where, mismatches[i]));
      verification_["status"] = "fail";
      verification_["counterexample"] = where + mismatches[i];
      return false;
    }
    return true;
  }

  // --- Training ----------------------------------------------------------------------------------

  void train() {
    const std::uint64_t per_epoch = r_.data.updates_per_epoch();
    if (step_ == 0 && job_.is_first()) record_start();
    while (step_ < total_) {
      const decision now = update(step_ / per_epoch + 1);
      if (!std::isfinite(loss_)) {
        outcome_.status = "diverged";
        r_.note(fmt::format("{}: the loss of step {} is not finite; this arm stops",
                            folder_.string(), step_));
        return;
      }
      if (job_.is_first() && (step_ % per_epoch == 0 || step_ == total_)) {
        finish_epoch((step_ - 1) / per_epoch + 1);
      }
      if (now.saves || now.stops) save();
      if (now.stops) throw interrupted();
    }
  }

  // What follows on an update, the same at every worker.
  struct decision {
    bool saves = false;
    bool stops = false;
    part_result seen;
  };

  // Before the gradients are joined, so that a worker that failed over its parts is known.
  decision decide(const std::vector<part_result>& parts) {
    json mine = {{"stops", interruption_requested()},
                 {"saves", wall_seconds() - saved_at_ >= r_.what.checkpoint.seconds},
                 {"parts", json::array()}};
    for (const part_result& p : parts) {
      mine["parts"].push_back({std::bit_cast<std::uint64_t>(p.loss), p.items, p.all_items});
    }
    decision all;
    all.saves = step_ + 1 - saved_step_ >= r_.what.checkpoint.steps || step_ + 1 == total_;
    std::vector<part_result> every_part;
    for (const std::string& text : job_.exchange(mine.dump())) {
      const json theirs = json::parse(text);
      all.saves = all.saves || theirs["saves"].get<bool>();
      all.stops = all.stops || theirs["stops"].get<bool>();
      for (const json& p : theirs["parts"]) {
        every_part.push_back({std::bit_cast<double>(p[0].get<std::uint64_t>()),
                              p[1].get<std::size_t>(), p[2].get<std::size_t>()});
      }
    }
    all.seen = whole_update(every_part);
    return all;
  }

  double rate_of(std::uint64_t update) const {
    return learning_rate(r_.what.training.peak_rate, update, warmup_, total_);
  }

  decision update(std::uint64_t epoch) {
    meter_.start_step();
    const double rate = rate_of(step_ + 1);
    decision all = decide(gradients_.compute(step_));
    const part_result& result = all.seen;
    gradients_.join();
    loss_ = result.loss;
    update_parameters(task_->parameters(), r_.what, r_.products, optimizer_, rate, step_ + 1);
    ++step_;
    epoch_loss_ += loss_ * static_cast<double>(result.items);
    epoch_items_ += result.items;
    meter_.end_step(result.items);
    if (job_.is_first()) {
      metrics_->append({{"kind", "step"},
                        {"step", step_},
                        {"epoch", epoch},
                        {"loss", number_or_null(loss_)},
                        {"learning_rate", rate},
                        {r_.data.items() + "_per_second", meter_.items_per_second()},
                        {"seconds", seconds()}});
    }
    tell("train", meter_.items_per_second());
    return all;
  }

  // What the initial parameters are worth, as epoch 0: the point from which the loss falls.
  void record_start() {
    tell("validate");
    valid_ = task_->validate();
    metrics_->append({{"kind", "epoch"},
                      {"step", 0},
                      {"epoch", 0},
                      {"valid_loss", number_or_null(valid_.loss)},
                      {"metric", number_or_null(valid_.value)},
                      {"metric_name", valid_.metric},
                      {"seconds", seconds()}});
  }

  void finish_epoch(std::uint64_t epoch) {
    tell("validate");
    valid_ = task_->validate();
    metrics_->append({{"kind", "epoch"},
                      {"step", step_},
                      {"epoch", epoch},
                      {"loss", epoch_loss_ / static_cast<double>(epoch_items_)},
                      {"valid_loss", number_or_null(valid_.loss)},
                      {"metric", number_or_null(valid_.value)},
                      {"metric_name", valid_.metric},
                      {"learning_rate", rate_of(step_)},
                      {"seconds", seconds()}});
    epoch_loss_ = 0;
    epoch_items_ = 0;
  }

  // --- What came of it ---------------------------------------------------------------------------

  void measure_test() {
    tell("test");
    const auto keep_going = [this](double) {
      tell("test");
      return !interruption_requested();
    };
    const std::optional<test_result> result = task_->test(folder_, keep_going);
    if (!result) throw interrupted();
    test_ = *result;
    outcome_.metric = test_.metric;
    outcome_.value = test_.value;
    write_safetensors(folder_ / "parameters.safetensors", task_->parameters(),
                      {{"recipe", r_.what.name},
                       {"arithmetic", r_.products.label()},
                       {"seed", std::to_string(r_.seed)}});
  }

  // The last update may be the one that leaves the range: no step follows whose loss would show it.
  void require_numbers() {
    if (std::isfinite(valid_.loss) && std::isfinite(test_.value)) return;
    outcome_.status = "diverged";
    outcome_.value = std::nan("");
    r_.note(fmt::format("{}: after the last step the {} is not finite", folder_.string(),
                        std::isfinite(valid_.loss) ? test_.metric : "validation loss"));
  }

  void finish() {
    require_equal_parameters();
    outcome_.steps = step_;
    outcome_.valid_loss = valid_.loss;
    outcome_.step_seconds = meter_.median_step_seconds();
    outcome_.parameters_sha256 = task_->parameters().sha256();
    if (job_.is_first()) write_summary();
  }

  void write_summary() {
    const bool complete = outcome_.status == "complete";
    metrics_->sync();
    json summary = provenance::file_header("pamkit.run/1");
    const json description = description_of(r_);
    for (const auto& [key, value] : description.items()) {
      if (key != "settings") summary[key] = value;
    }
    summary["status"] = outcome_.status;
    summary["steps"] = step_;
    summary["parameters"] = task_->parameters().count();
    summary.update(r_.data.sizes());
    summary["valid_loss"] = number_or_null(valid_.loss);
    if (valid_.metric == "perplexity")
      summary["perplexity"] = number_or_null(std::exp(valid_.loss));
    summary["metric"] = complete ? test_.metric : valid_.metric;
    summary["value"] = complete ? number_or_null(test_.value) : json();
    summary["signature"] = test_.signature;
    summary.update(test_.details.is_null() ? json::object() : test_.details);
    summary["parameters_sha256"] = outcome_.parameters_sha256;
    summary["verification"] = verification_;
    summary["resumed_at_step"] = resumed_at_;
    summary["workers"] = job_.count();
    summary["seconds"] = seconds();
    summary["test_seconds"] = test_.seconds;
    summary["resources"] = meter_.json(r_.data.items());
    write_durably(folder_ / "summary.json", summary.dump(2) + "\n");
  }

  const run_request& r_;
  workers& job_;
  fs::path folder_;
  std::string run_key_;  ///< of all that decides the run: for its checkpoints
  std::uint64_t total_;
  std::uint64_t warmup_;
  std::unique_ptr<task> task_;
  joined_update gradients_;
  optimizer optimizer_;

  std::uint64_t step_ = 0;
  std::uint64_t metrics_length_ = 0;
  double epoch_loss_ = 0;  ///< sum over the items of this epoch
  std::size_t epoch_items_ = 0;
  double seconds_before_ = 0;
  double loss_ = 0;
  validation_result valid_{std::nan(""), "", std::nan("")};

  std::uint64_t resumed_at_;
  std::uint64_t saved_step_ = resumed_at_;
  double started_at_ = wall_seconds();
  double saved_at_ = wall_seconds();
  std::optional<metrics_file> metrics_;  ///< of worker 0
  resource_meter meter_;
  json verification_;
  test_result test_;
  run_outcome outcome_;
};

run_outcome outcome_of(const run_request& r, const fs::path& folder, const json& summary) {
  const json_fields fields(summary, folder / "summary.json", "give --force to redo the run");
  const std::string status = fields.text("status");
  if (status != "complete" && status != "diverged" && status != "unverified") {
    fields.refuse("status is " + status);
  }
  return {.folder = folder,
          .arithmetic = r.products.label(),
          .seed = r.seed,
          .status = status,
          .was_there = true,
          .steps = fields.whole("steps"),
          .valid_loss = fields.number_or_nan("valid_loss"),
          .metric = fields.text("metric"),
          .value = fields.number_or_nan("value"),
          .step_seconds = fields.object("resources").number_or_nan("step_seconds_median"),
          .parameters_sha256 = fields.text("parameters_sha256")};
}

// Of a complete run that lacks them: one that was killed behind its summary, or is an older
// version's.
void add_statistics(const run_request& r, const run_outcome& outcome) {
  std::error_code error;
  if (outcome.status != "complete" || fs::exists(outcome.folder / "statistics.json", error)) return;
  if (!fs::exists(outcome.folder / "parameters.safetensors", error)) {
    r.note(outcome.folder.string() +
           ": holds no parameters.safetensors, so no statistics.json is made");
    return;
  }
  if (interruption_requested()) throw interrupted();
  if (r.progress) {
    r.progress(
        {outcome.folder.filename().string(), "statistics", outcome.steps, outcome.steps, 0, 0});
  }
  write_statistics(r, outcome.folder);
}

// Workers on machines of their own may have been given other files.
void require_equal_requests(workers& job, const json& description) {
  const std::vector<std::string> all = job.exchange(description.dump());
  const json first = json::parse(all.front()).flatten();
  for (std::size_t i = 1; i < all.size(); ++i) {
    const json other = json::parse(all[i]).flatten();
    for (const auto& [key, value] : first.items()) {
      const json theirs = other.value(key, json());
      if (theirs == value) continue;
      throw input_error("train",
                        fmt::format("worker {} has {} = {}, worker 0 {}", i, key.substr(1),
                                    theirs.dump(), value.dump()),
                        "give all workers the same recipe, data and program");
    }
  }
}

}  // namespace

std::string run_folder_name(const arm& products, std::uint64_t seed) {
  return fmt::format("{}-{}", products.folder_label(), seed);
}

std::uint64_t total_updates(const recipe& what, const dataset& data) {
  if (what.training.steps > 0) return what.training.steps;
  return data.updates_per_epoch() * what.training.epochs;
}

run_outcome run_training(const run_request& request) {
  workers& job = request.job;
  const json description = description_of(request);
  require_equal_requests(job, description);
  parts_of_worker(request.what.training.parts, job);
  if (training_device().is_cpu()) require_memory_to_train(request.what, request.data);
  const fs::path path = request.out / run_folder_name(request.products, request.seed);
  std::optional<run_folder> folder;
  json summary;
  if (job.is_first()) {
    folder.emplace(path);
    if (request.force) folder->clear();
    const file_digests vocabulary = request.data.vocabulary();
    folder->claim_for(description, vocabulary);
    if (!vocabulary.empty()) require_own_vocabulary(path, vocabulary);
    summary = folder->summary().value_or(json());
  }
  summary = json::parse(job.from_first(summary.dump()));
  if (!summary.is_null()) {
    const run_outcome outcome = outcome_of(request, path, summary);
    request.note(path.string() + ": this run is finished and not redone (--force redoes it)");
    if (job.is_first()) add_statistics(request, outcome);
    return outcome;
  }
  if (folder) request.data.save(path);
  if (job.is_first()) say_interruptions();
  const run_outcome outcome = training_run(request, path).execute();
  if (job.is_first()) add_statistics(request, outcome);
  return outcome;
}

}  // namespace pamkit::training
