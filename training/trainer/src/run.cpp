#include "pamkit/training/run.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "durable_file.hpp"
#include "pamkit/provenance/environment.hpp"
#include "pamkit/training/beam_search.hpp"
#include "pamkit/training/bleu.hpp"
#include "pamkit/training/checkpoint.hpp"
#include "pamkit/training/interruption.hpp"
#include "pamkit/training/metrics_file.hpp"
#include "pamkit/training/optimizer.hpp"
#include "pamkit/training/verification.hpp"
#include "resources.hpp"
#include "run_folder.hpp"
#include "training_step.hpp"

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
  return {{"recipe", r.what.name},
          {"arithmetic", r.products.label()},
          {"scope", "matmul"},
          {"derivative", derivative_name(r.products)},
          {"format", "binary32"},
          {"seed", r.seed},
          {"corpus_sha256", r.data.corpus_key},
          {"test", r.data.test_name},
          {"settings", settings}};
}

transformer_settings model_settings(const run_request& r) {
  transformer_settings s = r.what.model;
  s.vocabulary = r.data.pieces.size();
  return s;
}

adamw_settings optimizer_settings(const recipe& what) {
  const auto& t = what.training;
  return {t.beta1, t.beta2, t.epsilon, t.weight_decay};
}

json number_or_null(double x) { return std::isfinite(x) ? json(x) : json(); }

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class translation_run {
 public:
  translation_run(const run_request& r, const run_folder& folder)
      : r_(r),
        folder_(folder.path()),
        model_(model_settings(r), r.products, r.seed),
        optimizer_(model_.parameters(), optimizer_settings(r.what)),
        planner_(r.data.train.pairs, r.what.data.max_tokens),
        total_(total_updates(r.what, r.data)),
        resumed_at_(restore()),
        metrics_(folder_ / "metrics.jsonl", metrics_length_) {}

  run_outcome execute() {
    outcome_.folder = folder_;
    outcome_.arithmetic = r_.products.label();
    outcome_.seed = r_.seed;
    outcome_.status = "complete";
    if (!verify()) {
      outcome_.status = "unverified";
    } else {
      train();
      if (outcome_.status == "complete") translate_test();
    }
    finish();
    return outcome_;
  }

 private:
  // --- State --------------------------------------------------------------------------------------

  checkpoint_content content() {
    checkpoint_content all;
    const auto& parameters = model_.parameters().all();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      all.tensors.emplace_back(parameters[i].name, parameters[i].value.detach());
      all.tensors.emplace_back(parameters[i].name + ".m", optimizer_.first_moments()[i]);
      all.tensors.emplace_back(parameters[i].name + ".v", optimizer_.second_moments()[i]);
    }
    return all;
  }

  std::uint64_t restore() {
    checkpoint_content all = content();
    if (!load_checkpoint(folder_, all, r_.note)) return 0;
    step_ = all.state.at("step");
    metrics_length_ = all.state.at("metrics_length");
    epoch_loss_ = all.state.at("epoch_loss");
    epoch_tokens_ = all.state.at("epoch_tokens");
    seconds_before_ = all.state.at("seconds");
    if (!all.state.at("valid_loss").is_null()) valid_loss_ = all.state.at("valid_loss");
    r_.note(fmt::format("{}: going on after step {} of {}", folder_.string(), step_, total_));
    return step_;
  }

  void save() {
    if (saved_step_ == step_) return;
    checkpoint_content all = content();
    all.state = {{"step", step_},
                 {"metrics_length", metrics_.sync()},
                 {"epoch_loss", epoch_loss_},
                 {"epoch_tokens", epoch_tokens_},
                 {"seconds", seconds()},
                 {"valid_loss", number_or_null(valid_loss_)}};
    save_checkpoint(folder_, step_, all);
    saved_step_ = step_;
    saved_at_ = wall_seconds();
  }

  double seconds() const { return seconds_before_ + wall_seconds() - started_at_; }

  void tell(const char* phase, double tokens_per_second = 0) const {
    if (r_.progress) {
      r_.progress({folder_.filename().string(), phase, step_, total_, loss_, tokens_per_second});
    }
  }

  // --- Verified before trained ---------------------------------------------------------------------

  bool verify() {
    if (r_.products.is_native()) {
      verification_ = {{"status", "not-run"}, {"reason", "LibTorch's own kernels promise no bits"}};
      return true;
    }
    tell("verify");
    // The first batch, and the one with the longest sentences.
    const batch_order by_length = planner_.sorted_order();
    const std::array batches = {planner_.training_order(r_.seed, 0).front(), by_length.back()};
    const verification_result result = verify_contractions([&] {
      for (const auto& rows : batches) {
        forward_backward(model_, r_.what, make_batch(r_.data.train.pairs, rows), r_.seed, 0);
      }
    });
    verification_ = result.json();
    if (!result.passed) {
      r_.note(fmt::format("{}: kernels differ from the golden model, no training: {}",
                          folder_.string(), result.first_mismatch));
    }
    return result.passed;
  }

  // --- Training -------------------------------------------------------------------------------------

  void train() {
    data_position at = planner_.locate(step_);
    batch_order order = planner_.training_order(r_.seed, at.epoch);
    if (step_ == 0) record_start();
    while (step_ < total_) {
      if (at.batch == order.size()) {
        at = {at.epoch + 1, 0};
        order = planner_.training_order(r_.seed, at.epoch);
      }
      update(make_batch(r_.data.train.pairs, order[at.batch]), at.epoch);
      ++at.batch;
      if (!std::isfinite(loss_)) {
        outcome_.status = "diverged";
        r_.note(fmt::format("{}: the loss of step {} is not finite; this arm stops",
                            folder_.string(), step_));
        return;
      }
      if (at.batch == order.size() || step_ == total_) finish_epoch(at.epoch);
      const bool due = step_ - saved_step_ >= r_.what.checkpoint.steps ||
                       wall_seconds() - saved_at_ >= r_.what.checkpoint.seconds;
      if (due || step_ == total_ || interruption_requested()) save();
      if (interruption_requested()) throw interrupted();
    }
  }

  void update(const batch& b, std::uint32_t epoch) {
    meter_.start_step();
    const double rate = learning_rate(r_.what.training.peak_rate, step_ + 1,
                                      r_.what.training.warmup, total_);
    loss_ = double{forward_backward(model_, r_.what, b, r_.seed, step_)};
    if (r_.what.training.clip_norm > 0) {
      clip_gradients(model_.parameters(), r_.what.training.clip_norm);
    }
    optimizer_.step(model_.parameters(), rate, step_ + 1);
    ++step_;
    epoch_loss_ += loss_ * static_cast<double>(b.target_tokens);
    epoch_tokens_ += b.target_tokens;
    meter_.end_step(b.target_tokens);
    metrics_.append({{"kind", "step"},
                     {"step", step_},
                     {"epoch", epoch + 1},
                     {"loss", number_or_null(loss_)},
                     {"learning_rate", rate},
                     {"tokens_per_second", meter_.tokens_per_second()},
                     {"seconds", seconds()}});
    tell("train", meter_.tokens_per_second());
  }

  // What the initial parameters are worth, as epoch 0: the point from which the loss falls.
  void record_start() {
    tell("validate");
    valid_loss_ = validation_loss(model_, r_.data.valid.pairs, r_.what.data.max_tokens);
    metrics_.append({{"kind", "epoch"},
                     {"step", 0},
                     {"epoch", 0},
                     {"valid_loss", number_or_null(valid_loss_)},
                     {"metric", std::exp(valid_loss_)},
                     {"metric_name", "perplexity"},
                     {"seconds", seconds()}});
  }

  void finish_epoch(std::uint32_t epoch) {
    tell("validate");
    valid_loss_ = validation_loss(model_, r_.data.valid.pairs, r_.what.data.max_tokens);
    metrics_.append({{"kind", "epoch"},
                     {"step", step_},
                     {"epoch", epoch + 1},
                     {"loss", epoch_loss_ / static_cast<double>(epoch_tokens_)},
                     {"valid_loss", number_or_null(valid_loss_)},
                     {"metric", std::exp(valid_loss_)},
                     {"metric_name", "perplexity"},
                     {"learning_rate", learning_rate(r_.what.training.peak_rate, step_,
                                                     r_.what.training.warmup, total_)},
                     {"seconds", seconds()}});
    epoch_loss_ = 0;
    epoch_tokens_ = 0;
  }

  // --- What came of it ------------------------------------------------------------------------------

  void translate_test() {
    tell("translate");
    const double start = wall_seconds();
    const auto ids = translate(model_, r_.what.search, r_.data.test_sources, [this] {
      tell("translate");
      return !interruption_requested();
    });
    if (interruption_requested()) throw interrupted();
    std::vector<std::string> hypotheses;
    for (const auto& pieces : ids) hypotheses.push_back(r_.data.pieces.decode(pieces));
    bleu_ = corpus_bleu(hypotheses, r_.data.test_references);
    translate_seconds_ = wall_seconds() - start;
    write_durably(folder_ / "hypotheses.txt", text_of(hypotheses));
    write_durably(folder_ / "references.txt", text_of(r_.data.test_references));
    outcome_.bleu = bleu_.score;
  }

  void finish() {
    const bool complete = outcome_.status == "complete";
    metrics_.sync();
    outcome_.steps = step_;
    outcome_.valid_loss = valid_loss_;
    outcome_.step_seconds = meter_.median_step_seconds();
    outcome_.parameters_sha256 = model_.parameters().sha256();
    json summary = provenance::file_header("pamkit.run/1");
    const json description = description_of(r_);
    for (const auto& [key, value] : description.items()) {
      if (key != "settings") summary[key] = value;
    }
    summary["status"] = outcome_.status;
    summary["steps"] = step_;
    summary["parameters"] = model_.parameters().count();
    summary["valid_loss"] = number_or_null(valid_loss_);
    summary["perplexity"] = number_or_null(std::exp(valid_loss_));
    summary["metric"] = "bleu";
    summary["value"] = complete ? json(bleu_.score) : json();
    summary["signature"] = bleu_signature();
    if (complete) {
      summary["bleu"] = {{"precisions", bleu_.precisions},
                         {"brevity_penalty", bleu_.brevity_penalty},
                         {"hypothesis_length", bleu_.statistics.hypothesis_length},
                         {"reference_length", bleu_.statistics.reference_length}};
    }
    summary["parameters_sha256"] = outcome_.parameters_sha256;
    summary["verification"] = verification_;
    summary["resumed_at_step"] = resumed_at_;
    summary["seconds"] = seconds();
    summary["translate_seconds"] = translate_seconds_;
    summary["resources"] = meter_.json();
    write_durably(folder_ / "summary.json", summary.dump(2) + "\n");
  }

  const run_request& r_;
  fs::path folder_;
  transformer model_;
  adamw optimizer_;
  batch_planner planner_;
  std::uint64_t total_;

  std::uint64_t step_ = 0;
  std::uint64_t metrics_length_ = 0;
  double epoch_loss_ = 0;  ///< sum over the target tokens of this epoch
  std::size_t epoch_tokens_ = 0;
  double seconds_before_ = 0;
  double loss_ = 0;
  double valid_loss_ = std::nan("");

  std::uint64_t resumed_at_;
  std::uint64_t saved_step_ = resumed_at_;
  double started_at_ = wall_seconds();
  double saved_at_ = wall_seconds();
  metrics_file metrics_;
  resource_meter meter_;
  json verification_;
  bleu_score bleu_;
  double translate_seconds_ = 0;
  run_outcome outcome_;
};

run_outcome outcome_of(const run_request& r, const fs::path& folder, const json& summary) {
  const auto number = [&](const char* key) {
    return summary.contains(key) && summary[key].is_number() ? summary[key].get<double>()
                                                             : std::nan("");
  };
  return {.folder = folder,
          .arithmetic = r.products.label(),
          .seed = r.seed,
          .status = summary.value("status", "complete"),
          .was_there = true,
          .steps = summary.value("steps", std::uint64_t{0}),
          .valid_loss = number("valid_loss"),
          .bleu = number("value"),
          .step_seconds = summary["resources"].value("step_seconds_median", 0.0),
          .parameters_sha256 = summary.value("parameters_sha256", "")};
}

}  // namespace

std::string run_folder_name(const arm& products, std::uint64_t seed) {
  std::string name = products.label();
  if (const std::size_t colon = name.find(':'); colon != std::string::npos) name[colon] = '_';
  if (products.gradient() == derivative::exact && !products.is_native()) name += "+exact";
  return fmt::format("{}-{}", name, seed);
}

std::uint64_t total_updates(const recipe& what, const translation_data& data) {
  if (what.training.steps > 0) return what.training.steps;
  const batch_planner planner(data.train.pairs, what.data.max_tokens);
  return planner.updates_per_epoch() * what.training.epochs;
}

run_outcome run_translation(const run_request& request) {
  const run_folder folder(request.out / run_folder_name(request.products, request.seed));
  if (request.force) folder.clear();
  folder.claim_for(description_of(request));
  if (const std::optional<json> summary = folder.summary()) {
    request.note(folder.path().string() + ": this run is finished and not redone (--force redoes it)");
    return outcome_of(request, folder.path(), *summary);
  }
  request.data.pieces.save(folder.path() / "subwords.model");
  return translation_run(request, folder).execute();
}

}  // namespace pamkit::training
