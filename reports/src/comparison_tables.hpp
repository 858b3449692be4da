#pragma once

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "paired_bootstrap.hpp"
#include "run_folder.hpp"
#include "step_cost.hpp"

namespace pamkit::reports {

/// What an arm's arithmetic computes of a step: each part what those before it do, and more. The
/// first goes without saying in an arm's name.
inline constexpr std::string_view scopes[] = {"matmul", "softmax",   "norm",
                                              "loss",   "optimizer", "all"};

/// A mean over seeds, with the half width of its 95 % interval where there are two or more.
struct estimate {
  double mean = 0;
  std::optional<double> half_width;
  int count = 0;
};

/// The mean of some numbers; nothing of none. The interval is Student's, of independent normal
/// samples.
std::optional<estimate> estimate_mean(const std::vector<double>& values);

/// BLEU of a run against that of exact with the same seed, on the same sentences.
struct paired_bleu {
  std::string seed;
  bleu_difference bleu;
};

/// What the layers of a run show, over all of them. Of the lowest seed that has statistics.
struct layer_summary {
  const training_run* run = nullptr;
  std::optional<double> least_gain;
  std::optional<double> mean_gain;
  std::optional<double> greatest_gain;
  std::optional<double> least_cosine;  ///< between weights' gradients of the arm and of exact
  std::optional<double> mean_cosine;
  element_counts outputs;
  element_counts gradients;
  product_counts products;  ///< forward and backward
};

/// All runs of one recipe that differ in the seed only, superseded ones left out; none of an arm
/// that was expected and not run.
struct arm_summary {
  std::string recipe;
  std::string arm;
  std::string metric;
  std::vector<const training_run*> runs;
  std::optional<estimate> value;
  std::optional<estimate> valid_loss;
  std::optional<estimate> value_difference;       ///< to exact, of runs with the same seed
  std::optional<estimate> valid_loss_difference;  ///< to exact, of runs with the same seed
  std::optional<estimate> throughput;
  std::string throughput_unit;
  std::optional<estimate> steps_per_second;
  std::optional<std::ranges::minmax_result<double>> step_rates;  ///< of several seeds
  std::string time_basis;  ///< of steps a second: "CPU", "wall", or "CPU and wall"
  std::optional<double>
      speed;  ///< steps a second relative to native's, or items where these are not known
  std::vector<paired_bleu> bleu;
  std::optional<step_cost> cost;  ///< of one training step, of the lowest seed that has statistics
  std::optional<double>
      multiplications_left;              ///< share of native's, or where it is missing of exact's
  std::map<std::string, double> energy;  ///< by node: share of native's or exact's
  std::optional<layer_summary> layers;

  bool was_run() const { return !runs.empty(); }
  /// Whether it was run and every run of it is finished.
  bool is_finished() const;
};

struct comparison {
  std::string command;
  std::vector<std::string> expected;  ///< arms that every recipe should have
  std::map<std::string, std::vector<std::string>> expected_of;  ///< further ones of one recipe
  std::vector<training_run> runs;
  std::set<std::string> variants;  ///< recipes that separate_settings made
  std::vector<arm_summary> arms;   ///< pointers into `runs`
  /// Whether the files show that runs of one recipe and seed differ in their arms only: all say by
  /// which settings, data and commit, and these are equal.
  bool arithmetic_alone_differs = true;
  std::vector<std::string> hazards;
  std::vector<std::string> problems;
};

/// Makes recipes of their own, with a hazard that names what differs, of runs of a recipe whose
/// settings or data contradict those of the runs with exact (of several such, of most runs). What a
/// run does not say contradicts nothing.
void separate_settings(comparison& c);

/// Leaves one of runs with the same recipe, arm, seed and result, and marks all but the latest of
/// finished runs that share recipe, arm and seed alone as superseded; each with a hazard.
void count_once(comparison& c);

/// RECIPE ARM, seed SEED.
std::string run_label(const training_run& run);

/// Its first digits, and whether the tree was modified.
std::string short_commit(const std::string& commit);
bool is_modified(const std::string& commit);

/// Where --keep puts a run: RECIPE/ARM-SEED, two folders below it whatever characters these hold.
std::string folder_name(const training_run& run);

/// What runs of a recipe share.
std::string shared_text(const comparison& c);

/// What the paired bootstrap says, and what it does not.
std::string bootstrap_text(const comparison& c, const std::string& recipe);

/// What steps a second and speed are.
std::string speed_text();

/// Steps a second of an arm, with the least and greatest of several seeds; empty where none is known.
std::string rate_text(const arm_summary& arm);

/// How large the data of a recipe were, without a full stop; empty where no run of it says.
std::string data_text(const comparison& c, const std::string& recipe);

/// What a dash means in a table of statistics, and whether a row of losses has one.
std::string unrecorded_text();
bool lacks_loss_columns(const loss_summary& loss);

/// What the columns of a table of losses are.
std::string loss_text();

/// Groups runs into arms: exact and native first, then as found, then expected ones without a run.
/// Finished runs alone enter means. `runs` must not change afterwards.
void summarise(comparison& c);

/// Whether a run enters means and differences.
bool enters_means(const training_run& run);

/// The arm of this recipe, or nullptr.
const arm_summary* find_arm(const comparison& c, const std::string& recipe, const char* name);

/// Fills `hazards`: what makes numbers of this comparison say less than they seem to.
void find_hazards(comparison& c);

/// The recipes of the runs, and those of which runs are expected, in alphabetical order.
std::vector<std::string> recipes_of(const comparison& c);

/// In words: "3" where all are finished, else "2 of 3 finished", "diverged", "unfinished",
/// "unverified", "not run".
std::string runs_text(const arm_summary& arm);

/// The file of schema pamkit.compare/1.
nlohmann::ordered_json to_compare_json(const comparison& c);

std::string comparison_text(const comparison& c);

/// The tables as a page of Markdown, with the command that made them.
std::string comparison_markdown(const comparison& c, const nlohmann::ordered_json& json);
std::string render_comparison_page(const comparison& c, const nlohmann::ordered_json& json,
                                   const std::string& plotly);

}  // namespace pamkit::reports
