#include "pamkit/reports/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string_view>

#include "comparison_tables.hpp"
#include "kept_run.hpp"
#include "page.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/provenance/environment.hpp"
#include "student.hpp"

namespace pamkit::reports {
namespace {

using nlohmann::ordered_json;

constexpr double kIntervalProbability = 0.95;
constexpr std::size_t kCurvePoints = 800;  // of one training curve in the page

// Baselines first.
int arm_rank(const std::string& arm) { return arm == "exact" ? 0 : arm == "native" ? 1 : 2; }

template <class Field>
std::vector<double> collect(const arm_summary& arm, Field field) {
  std::vector<double> values;
  for (const training_run* run : arm.runs) {
    if (enters_means(*run) && field(*run)) values.push_back(*field(*run));
  }
  return values;
}

// Differences run by run: equal seeds share initial parameters, batches and masks.
template <class Field>
std::optional<estimate> paired_difference(const arm_summary& arm, const arm_summary& baseline,
                                          Field field) {
  std::vector<double> differences;
  for (const training_run* run : arm.runs) {
    for (const training_run* other : baseline.runs) {
      if (run->seed != other->seed || !enters_means(*run) || !enters_means(*other)) continue;
      if (field(*run) && field(*other)) differences.push_back(*field(*run) - *field(*other));
    }
  }
  return estimate_mean(differences);
}

bool has_sentences(const training_run& run) {
  return enters_means(run) && !run.sentences.sentences.empty();
}

// Against the exact run of the same seed, where both translated the same sentences.
void compare_sentences(arm_summary& arm, const arm_summary& exact) {
  for (const training_run* run : arm.runs) {
    for (const training_run* other : exact.runs) {
      if (run->seed != other->seed || !has_sentences(*run) || !has_sentences(*other) ||
          run->sentences.references_sha256 != other->sentences.references_sha256) {
        continue;
      }
      arm.bleu.push_back(
          {run->seed, paired_bootstrap(run->sentences.sentences, other->sentences.sentences)});
    }
  }
}

void add(element_counts& sum, const element_counts& more) {
  sum.elements += more.elements;
  sum.zeros += more.zeros;
  sum.subnormals += more.subnormals;
  sum.infinities += more.infinities;
  sum.nans += more.nans;
}

void add(product_counts& sum, const product_counts& more) {
  sum.sampled += more.sampled;
  sum.overflows += more.overflows;
  sum.underflows += more.underflows;
}

std::optional<double> mean_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

bool is_weight(const run_statistics& s, const std::string& parameter) {
  return parameter.ends_with(".weight") ||
         std::ranges::count(s.layers, parameter, &layer_statistics::name) > 0;
}

layer_summary layers_of(const training_run& run) {
  layer_summary all;
  all.run = &run;
  std::vector<double> gains;
  std::vector<double> cosines;
  for (const layer_statistics& l : run.statistics->layers) {
    if (l.gain) gains.push_back(*l.gain);
    add(all.outputs, l.output);
    add(all.products, l.forward);
    add(all.products, l.backward);
  }
  for (const gradient_statistics& g : run.statistics->gradients) {
    // Weights alone: a bias may have a gradient that is 0 but for rounding, as attention's keys
    // have.
    if (g.cosine && is_weight(*run.statistics, g.name)) cosines.push_back(*g.cosine);
    add(all.gradients, g.gradient);
  }
  all.mean_gain = mean_of(gains);
  all.mean_cosine = mean_of(cosines);
  if (!gains.empty()) {
    all.least_gain = std::ranges::min(gains);
    all.greatest_gain = std::ranges::max(gains);
  }
  if (!cosines.empty()) all.least_cosine = std::ranges::min(cosines);
  return all;
}

// The finished run of the lowest seed that has statistics: shorter numbers before longer ones.
const training_run* first_with_statistics(const arm_summary& arm) {
  const training_run* first = nullptr;
  const auto order = [](const training_run& run) { return std::pair(run.seed.size(), run.seed); };
  for (const training_run* run : arm.runs) {
    if (!enters_means(*run) || !run->statistics) continue;
    if (first == nullptr || order(*run) < order(*first)) first = run;
  }
  return first;
}

// What the shares of multiplications and energy are of.
const arm_summary* baseline_of_cost(const comparison& c, const std::string& recipe) {
  for (const char* const name : {"native", "exact"}) {
    const arm_summary* const arm = find_arm(c, recipe, name);
    if (arm != nullptr && arm->cost && arm->cost->multiplications > 0) return arm;
  }
  return nullptr;
}

void take_shares(arm_summary& arm, const step_cost& baseline) {
  if (!arm.cost) return;
  arm.multiplications_left = arm.cost->multiplications / baseline.multiplications;
  for (const auto& [node, joules] : arm.cost->joules) {
    const auto base = baseline.joules.find(node);
    if (base != baseline.joules.end() && base->second > 0) arm.energy[node] = joules / base->second;
  }
}

// A training curve thinned by means over runs of equally many points.
std::vector<loss_point> thinned(const std::vector<loss_point>& points) {
  const std::size_t stride = (points.size() + kCurvePoints - 1) / kCurvePoints;
  if (stride <= 1) return points;
  std::vector<loss_point> thin;
  for (std::size_t start = 0; start < points.size(); start += stride) {
    const std::size_t n = std::min(stride, points.size() - start);
    loss_point mean;
    for (std::size_t i = start; i < start + n; ++i) {
      mean.step += points[i].step;
      mean.loss += points[i].loss;
    }
    thin.push_back({mean.step / static_cast<double>(n), mean.loss / static_cast<double>(n)});
  }
  return thin;
}

ordered_json points_json(const std::vector<loss_point>& points) {
  ordered_json steps = ordered_json::array();
  ordered_json losses = ordered_json::array();
  for (const loss_point& p : points) {
    steps.push_back(p.step);
    losses.push_back(p.loss);
  }
  return {{"steps", std::move(steps)}, {"losses", std::move(losses)}};
}

template <class T>
void set_if(ordered_json& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}

void set_estimate(ordered_json& json, const char* key, const std::optional<estimate>& e) {
  if (!e) return;
  json[key] = {{"mean", e->mean}, {"seeds", e->count}};
  if (e->half_width) {
    json[key]["interval_95"] = {e->mean - *e->half_width, e->mean + *e->half_width};
  }
}

ordered_json run_json(const training_run& run) {
  ordered_json json = {
      {"folder", run.folder.string()}, {"recipe", run.recipe}, {"arm", run.arm()},
      {"arithmetic", run.arithmetic},  {"scope", run.scope},   {"derivative", run.derivative},
      {"format", run.format},          {"seed", run.seed},     {"status", name_of(run.status)},
      {"metric", run.metric}};
  set_if(json, "value", run.value);
  set_if(json, "valid_loss", run.valid_loss);
  json["commit"] = run.commit;
  if (!run.last_commit.empty() && run.last_commit != run.commit)
    json["last_commit"] = run.last_commit;
  set_if(json, "step_seconds", run.step_seconds);
  if (run.step_seconds) json["step_seconds_are"] = run.is_cpu_time ? "CPU time" : "wall time";
  set_if(json, "wall_over_cpu", run.load);
  set_if(json, "threads", run.threads);
  json["steps"] = run.steps;
  json["epochs"] = run.epochs;
  if (run.throughput)
    json[run.throughput_unit == "images/s" ? "images_per_second" : "tokens_per_second"] =
        *run.throughput;
  set_if(json, "seconds", run.seconds);
  if (run.examples) {
    const example_counts& e = *run.examples;
    auto& examples = json["examples"] = ordered_json::object();
    set_if(examples, "training", e.training);
    set_if(examples, "validation", e.validation);
    set_if(examples, "test", e.test);
  }
  set_if(json, "diverged_at", run.diverged_at);
  json["signature"] = run.signature;
  json["parameters_sha256"] = run.parameters_sha256;
  json["verification"] = run.verification;
  return json;
}

ordered_json counts_json(const element_counts& counts) {
  return {{"elements", counts.elements},
          {"zeros", counts.zeros},
          {"subnormals", counts.subnormals},
          {"infinities", counts.infinities},
          {"nans", counts.nans}};
}

ordered_json counts_json(const product_counts& counts) {
  return {{"sampled", counts.sampled},
          {"overflows", counts.overflows},
          {"underflows", counts.underflows}};
}

ordered_json statistics_json(const training_run& run) {
  ordered_json json = {{"recipe", run.recipe}, {"arm", run.arm()}, {"seed", run.seed}};
  const loss_summary& loss = run.statistics->loss;
  auto& sample = json["loss"] = ordered_json::object();
  set_if(sample, "value", loss.value);
  set_if(sample, "exact", loss.exact);
  set_if(sample, "logits_mean", loss.logits_mean);
  set_if(sample, "logits_deviation", loss.logits_deviation);
  set_if(sample, "leak", loss.leak);
  set_if(sample, "leak_size", loss.leak_size);
  auto& layers = json["layers"] = ordered_json::array();
  for (const layer_statistics& l : run.statistics->layers) {
    ordered_json entry = {{"name", l.name}, {"arithmetic", l.arithmetic}};
    set_if(entry, "gain", l.gain);
    set_if(entry, "norm_ratio", l.norm_ratio);
    set_if(entry, "cosine", l.cosine);
    entry["output"] = counts_json(l.output);
    if (l.forward.sampled > 0) entry["forward_products"] = counts_json(l.forward);
    if (l.backward.sampled > 0) entry["backward_products"] = counts_json(l.backward);
    layers.push_back(std::move(entry));
  }
  auto& gradients = json["gradients"] = ordered_json::array();
  for (const gradient_statistics& g : run.statistics->gradients) {
    ordered_json entry = {{"name", g.name}};
    set_if(entry, "cosine", g.cosine);
    set_if(entry, "norm_ratio", g.norm_ratio);
    entry["gradient"] = counts_json(g.gradient);
    gradients.push_back(std::move(entry));
  }
  return json;
}

ordered_json cost_json(const arm_summary& arm) {
  const step_cost& cost = *arm.cost;
  ordered_json json = {{"products", cost.terms},
                       {"multiplications", cost.multiplications},
                       {"quotients", cost.quotients}};
  json["multiplications_by_place"] = cost.by_place;
  set_if(json, "multiplications_left", arm.multiplications_left);
  auto& energy = json["energy"] = ordered_json::array();
  for (const auto& [node, joules] : cost.joules) {
    ordered_json entry = {{"node", node}, {"joules", joules}};
    if (const auto share = arm.energy.find(node); share != arm.energy.end()) {
      entry["of_baseline"] = share->second;
    }
    energy.push_back(std::move(entry));
  }
  auto& operators = json["operators"] = ordered_json::array();
  for (const operator_count& o : arm.layers->run->statistics->operators) {
    operators.push_back({{"operator", o.name},
                         {"place", o.place},
                         {"arithmetic", o.arithmetic},
                         {"products", o.terms},
                         {"multiplications", o.multiplications},
                         {"quotients", o.quotients},
                         {"reason", o.reason}});
  }
  return json;
}

ordered_json bootstrap_json(const paired_bleu& paired) {
  const bleu_difference& b = paired.bleu;
  return {{"seed", paired.seed},        {"bleu", b.value}, {"exact", b.baseline},
          {"difference", b.difference}, {"p", b.p},        {"interval_95", {b.low, b.high}},
          {"samples", b.samples}};
}

std::string estimate_text(const std::optional<estimate>& e, const char* sign) {
  if (!e) return "-";
  if (!e->half_width) return fmt::format(fmt::runtime(fmt::format("{{:{}.4f}}", sign)), e->mean);
  return fmt::format(fmt::runtime(fmt::format("{{:{}.4f}} +- {{:.4f}}", sign)), e->mean,
                     *e->half_width);
}

// Where a word of an arm's name stands behind its arithmetic, as training_run::arm() writes it;
// nothing where it is none.
std::optional<int> place_in_arm(const std::string& word) {
  if (word != scopes[0] && std::ranges::find(scopes, word) != std::end(scopes)) return 0;
  if (word == "exact") return 1;
  if (word == "corrected") return 3;
  if (word == "centred") return 4;
  if (word.starts_with("binary32m") && parse_format(word)) return 2;
  return std::nullopt;
}

bool is_arm(const std::string& name) {
  std::istringstream words(name + "+");  // so that an empty last word is one
  std::string word;
  std::getline(words, word, '+');
  if (word != "native" && !parse_arithmetic(word)) return false;
  for (int last = -1; std::getline(words, word, '+');) {
    const std::optional<int> place = place_in_arm(word);
    if (!place || *place <= last) return false;
    last = *place;
  }
  return true;
}

void require_arms(const std::string& where, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (is_arm(name)) continue;
    throw input_error(
        where + ": '" + name +
        "' is no arm; write ARITHMETIC[+SCOPE][+exact][+FORMAT][+corrected][+centred], "
        "as pam+all+corrected");
  }
}

// Lines of `expected.txt` beside run folders, one arm each; "#" begins a remark.
std::vector<std::string> expected_in(const std::filesystem::path& directory) {
  std::vector<std::string> arms;
  require_regular_file(directory / kExpected);
  std::ifstream in(directory / kExpected);
  for (std::string line; std::getline(in, line);) {
    line.resize(std::min(line.size(), line.find('#')));
    std::erase_if(line, [](unsigned char c) { return c <= ' '; });  // no arm's name has a space
    if (!line.empty()) arms.push_back(line);
  }
  require_arms((directory / kExpected).string(), arms);
  return arms;
}

// What the recipe of each run should have, by the folders in which its runs lie.
std::map<std::string, std::vector<std::string>> expected_of_recipes(
    const std::vector<training_run>& runs, std::vector<std::string>& problems) {
  std::map<std::string, std::vector<std::string>> all;
  std::set<std::pair<std::string, std::filesystem::path>> seen;
  for (const training_run& run : runs) {
    std::filesystem::path folder = std::filesystem::absolute(run.folder).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();  // of a name that ends with a slash
    const std::filesystem::path beside = folder.parent_path();
    if (!seen.insert({run.recipe, beside}).second) continue;
    try {
      std::ranges::copy(expected_in(beside), std::back_inserter(all[run.recipe]));
    } catch (const input_error& problem) {
      problems.push_back(problem.what());
    }
  }
  return all;
}

// Folders that name what is expected and hold no run that was read: their name stands for the recipe.
void expect_of_unrun_recipes(comparison& c, const std::vector<std::filesystem::path>& directories) {
  const auto normal = [](const std::filesystem::path& folder) {
    std::filesystem::path path = std::filesystem::absolute(folder).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
  };
  std::set<std::filesystem::path> with_runs;
  for (const training_run& run : c.runs) with_runs.insert(normal(run.folder).parent_path());
  std::set<std::filesystem::path> seen;
  for (const std::filesystem::path& directory : directories) {
    for (const std::filesystem::path& found : folders_that_expect(directory)) {
      const std::filesystem::path folder = normal(found);
      if (with_runs.contains(folder) || !seen.insert(folder).second) continue;
      try {
        std::ranges::copy(expected_in(folder),
                          std::back_inserter(c.expected_of[folder.filename().string()]));
      } catch (const input_error& problem) {
        c.problems.push_back(problem.what());
      }
    }
  }
}

}  // namespace

bool enters_means(const training_run& run) { return run.status == run_status::finished; }

const arm_summary* find_arm(const comparison& c, const std::string& recipe, const char* name) {
  const auto it = std::ranges::find_if(
      c.arms, [&](const arm_summary& a) { return a.recipe == recipe && a.arm == name; });
  return it == c.arms.end() ? nullptr : &*it;
}

std::vector<std::string> recipes_of(const comparison& c) {
  std::vector<std::string> recipes;
  for (const training_run& run : c.runs) recipes.push_back(run.recipe);
  for (const auto& [recipe, arms] : c.expected_of) {
    if (!arms.empty()) recipes.push_back(recipe);
  }
  std::ranges::sort(recipes);
  recipes.erase(std::unique(recipes.begin(), recipes.end()), recipes.end());
  return recipes;
}

bool arm_summary::is_finished() const {
  return was_run() &&
         std::ranges::all_of(runs, [](const training_run* run) { return enters_means(*run); });
}

std::string runs_text(const arm_summary& arm) {
  if (!arm.was_run()) return "not run";
  if (arm.is_finished()) return std::to_string(arm.runs.size());
  const auto finished =
      std::ranges::count_if(arm.runs, [](const training_run* run) { return enters_means(*run); });
  const run_status first = arm.runs.front()->status;
  const bool all_alike =
      std::ranges::all_of(arm.runs, [&](const training_run* run) { return run->status == first; });
  if (all_alike) return std::string(name_of(first));
  return fmt::format("{} of {} finished", finished, arm.runs.size());
}

std::string shared_text(const comparison& c) {
  std::string text =
      "Within a recipe, runs have the same settings and data, and those of one seed share initial "
      "parameters, batches and dropout masks; ";
  return text +
         (c.arithmetic_alone_differs
              ? "the arithmetic alone differs."
              : "besides the arithmetic, what the hazards below name may differ (commits, and "
                "settings that a run does not say).");
}

std::string bootstrap_text(const comparison& c, const std::string& recipe) {
  int samples = 0;
  std::size_t tests = 0;
  for (const arm_summary& arm : c.arms) {
    if (!recipe.empty() && arm.recipe != recipe) continue;
    tests += arm.bleu.size();
    for (const paired_bleu& paired : arm.bleu) samples = paired.bleu.samples;
  }
  return fmt::format(
      "Each run against exact of the same seed, on the same test sentences: {} test sets drawn "
      "from "
      "them with replacement. The interval holds the middle 95 % of the differences; p is the "
      "chance "
      "of a difference this large between two translations of equal quality. Both cover the "
      "sampling "
      "of test sentences only, and not how runs vary with the seed: that is in the intervals over "
      "seeds. {} tests are made here, and neither p nor interval is corrected for their number.",
      samples, tests);
}

std::string speed_text() {
  return "Steps a second are by the CPU time of a step where a run has one thread, and by its wall "
         "time where it has several; speed is steps a second relative to native's. In parentheses "
         "the least and the greatest of several seeds. Arms that were measured under load are named "
         "in the hazards, and their ratios to others compare different states of the machine.";
}

std::string rate_text(const arm_summary& arm) {
  if (!arm.steps_per_second) return {};
  std::string text = fmt::format("{:.3f}", arm.steps_per_second->mean);
  if (arm.step_rates) {
    text += fmt::format(" ({:.3f} to {:.3f})", arm.step_rates->min, arm.step_rates->max);
  }
  return text;
}

std::string loss_text() {
  return "Of the trained parameters on one batch: the loss as the arm computes it and as exact "
         "arithmetic does with the same parameters and dropout masks. Mean of the arm's logits, "
         "which the ordinary softmax does not depend on, and root of their mean variance in a row. "
         "Leak: the sum of a row of the gradient towards the logits over half the sum of its "
         "elements' sizes, 0 for an exact gradient; its size: of absolute sums. Both are means over "
         "the rows, weighted by these sizes.";
}

std::string unrecorded_text() {
  return "– was not recorded by the version that made the run.";
}

bool lacks_loss_columns(const loss_summary& loss) {
  return !loss.exact || !loss.logits_mean || !loss.logits_deviation || !loss.leak || !loss.leak_size;
}

std::string data_text(const comparison& c, const std::string& recipe) {
  std::set<std::string> all;
  for (const training_run& run : c.runs) {
    if (run.recipe != recipe || !run.examples) continue;
    const example_counts& e = *run.examples;
    std::vector<std::string> parts;
    const auto add = [&](const std::optional<std::int64_t>& count, const char* what) {
      if (count) parts.push_back(fmt::format("{} {}", *count, what));
    };
    const std::string unit = e.unit.empty() ? "" : e.unit + " ";
    add(e.training, (unit + "of training").c_str());
    add(e.validation, "of validation");
    if (e.tests_on_validation) {
      parts.push_back("which are the test data too");
    } else {
      add(e.test, "of test");
    }
    if (!parts.empty()) all.insert(fmt::format("{}", fmt::join(parts, ", ")));
  }
  return fmt::format("{}", fmt::join(all, "; or "));
}

std::optional<estimate> estimate_mean(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const auto n = static_cast<double>(values.size());
  estimate e{.mean = 0, .half_width = std::nullopt, .count = static_cast<int>(values.size())};
  for (const double v : values) e.mean += v / n;
  if (values.size() < 2) return e;
  double squares = 0;
  for (const double v : values) squares += (v - e.mean) * (v - e.mean);
  e.half_width =
      student_interval(e.count - 1, kIntervalProbability) * std::sqrt(squares / (n - 1) / n);
  return e;
}

void summarise(comparison& c) {
  for (const training_run& run : c.runs) {
    if (run.status == run_status::superseded) continue;
    auto it = std::ranges::find_if(
        c.arms, [&](const arm_summary& a) { return a.recipe == run.recipe && a.arm == run.arm(); });
    if (it == c.arms.end()) {
      c.arms.emplace_back();
      it = std::prev(c.arms.end());
      it->recipe = run.recipe;
      it->arm = run.arm();
    }
    it->runs.push_back(&run);
    if (it->metric.empty()) it->metric = run.metric;
    if (it->throughput_unit.empty()) it->throughput_unit = run.throughput_unit;
  }
  for (const std::string& recipe : recipes_of(c)) {
    if (c.variants.count(recipe) != 0) continue;
    std::vector<std::string> expected = c.expected;
    if (const auto own = c.expected_of.find(recipe); own != c.expected_of.end()) {
      std::ranges::copy(own->second, std::back_inserter(expected));
    }
    for (const std::string& name : expected) {
      if (find_arm(c, recipe, name.c_str()) != nullptr) continue;
      c.arms.emplace_back();
      c.arms.back().recipe = recipe;
      c.arms.back().arm = name;
    }
  }
  std::ranges::stable_sort(
      c.arms, {}, [](const arm_summary& a) { return std::pair(a.recipe, arm_rank(a.arm)); });
  const auto value = [](const training_run& run) { return run.value; };
  const auto valid_loss = [](const training_run& run) { return run.valid_loss; };
  for (arm_summary& arm : c.arms) {
    arm.value = estimate_mean(collect(arm, value));
    arm.valid_loss = estimate_mean(collect(arm, valid_loss));
    arm.throughput =
        estimate_mean(collect(arm, [](const training_run& run) { return run.throughput; }));
    const std::vector<double> rates = collect(arm, [](const training_run& run) {
      return run.step_seconds && *run.step_seconds > 0 ? std::optional(1 / *run.step_seconds)
                                                       : std::nullopt;
    });
    arm.steps_per_second = estimate_mean(rates);
    if (rates.size() > 1) arm.step_rates = std::ranges::minmax(rates);
    std::set<std::string> bases;
    for (const training_run* run : arm.runs) {
      if (enters_means(*run) && run->step_seconds) bases.insert(run->is_cpu_time ? "CPU" : "wall");
    }
    arm.time_basis = fmt::format("{}", fmt::join(bases, " and "));
    if (const training_run* const run = first_with_statistics(arm)) {
      arm.layers = layers_of(*run);
      if (!run->statistics->operators.empty()) arm.cost = cost_of_step(run->statistics->operators);
    }
  }
  for (arm_summary& arm : c.arms) {
    const arm_summary* exact = find_arm(c, arm.recipe, "exact");
    if (exact != nullptr && exact != &arm) {
      arm.value_difference = paired_difference(arm, *exact, value);
      arm.valid_loss_difference = paired_difference(arm, *exact, valid_loss);
      compare_sentences(arm, *exact);
    }
    const arm_summary* native = find_arm(c, arm.recipe, "native");
    if (native != nullptr && native->steps_per_second && arm.steps_per_second) {
      arm.speed = arm.steps_per_second->mean / native->steps_per_second->mean;
    } else if (native != nullptr && native->throughput && arm.throughput) {
      arm.speed = arm.throughput->mean / native->throughput->mean;
    }
    if (const arm_summary* const base = baseline_of_cost(c, arm.recipe)) {
      take_shares(arm, *base->cost);
    }
  }
  find_hazards(c);
}

ordered_json to_compare_json(const comparison& c) {
  ordered_json json = provenance::file_header("pamkit.compare/1");
  json["command"] = c.command;
  auto& arms = json["arms"] = ordered_json::array();
  for (const arm_summary& arm : c.arms) {
    ordered_json a = {{"recipe", arm.recipe},
                      {"arm", arm.arm},
                      {"metric", arm.metric},
                      {"status", arm.is_finished() ? "finished" : runs_text(arm)},
                      {"runs", arm.runs.size()}};
    set_estimate(a, "value", arm.value);
    set_estimate(a, "value_minus_exact", arm.value_difference);
    set_estimate(a, "valid_loss", arm.valid_loss);
    set_estimate(a, "valid_loss_minus_exact", arm.valid_loss_difference);
    set_estimate(a, arm.throughput_unit == "images/s" ? "images_per_second" : "tokens_per_second",
                 arm.throughput);
    set_estimate(a, "steps_per_second", arm.steps_per_second);
    if (arm.steps_per_second) a["steps_per_second_by"] = arm.time_basis;
    if (arm.step_rates) {
      a["steps_per_second"]["least"] = arm.step_rates->min;
      a["steps_per_second"]["greatest"] = arm.step_rates->max;
    }
    set_if(a, "speed_relative_to_native", arm.speed);
    for (const paired_bleu& paired : arm.bleu) a["bootstrap"].push_back(bootstrap_json(paired));
    if (arm.cost) a["step"] = cost_json(arm);
    arms.push_back(std::move(a));
  }
  auto& runs = json["runs"] = ordered_json::array();
  auto& curves = json["curves"] = ordered_json::array();
  for (const training_run& run : c.runs) {
    runs.push_back(run_json(run));
    curves.push_back({{"recipe", run.recipe},
                      {"arm", run.arm()},
                      {"seed", run.seed},
                      {"training", points_json(thinned(run.training_losses))},
                      {"validation", points_json(run.validation_losses)}});
  }
  auto& statistics = json["statistics"] = ordered_json::array();
  for (const training_run& run : c.runs) {
    if (enters_means(run) && run.statistics) statistics.push_back(statistics_json(run));
  }
  json["hazards"] = c.hazards;
  json["problems"] = c.problems;
  return json;
}

std::string comparison_text(const comparison& c) {
  using row = std::vector<std::string>;
  std::vector<row> rows = {{"arm", "runs", "metric", "value", "minus exact", "valid loss", "steps/s",
                            "speed", "mult. left", "energy"}};
  const auto percent = [](const std::optional<double>& share) {
    return share ? fmt::format("{:.1f} %", 100 * *share) : std::string("-");
  };
  for (const arm_summary& arm : c.arms) {
    rows.push_back(
        {arm.arm, runs_text(arm), arm.metric.empty() ? "-" : arm.metric,
         estimate_text(arm.value, ""), estimate_text(arm.value_difference, "+"),
         estimate_text(arm.valid_loss, ""),
         arm.steps_per_second ? fmt::format("{:.3g}", arm.steps_per_second->mean) : "-",
         arm.speed ? fmt::format("{:.2f}", *arm.speed) : "-", percent(arm.multiplications_left),
         percent(arm.energy.empty() ? std::nullopt : std::optional(arm.energy.begin()->second))});
  }
  // As wide as the longest text of the column, so that two columns never meet.
  std::vector<std::size_t> widths(rows.front().size());
  for (const row& cells : rows) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  }
  const auto line = [&](const row& cells) {
    std::string text = fmt::format("{:<{}}", cells[0], widths[0]);
    for (std::size_t i = 1; i < cells.size(); ++i) {
      text += fmt::format("  {:>{}}", cells[i], widths[i]);
    }
    return text + "\n";
  };
  std::string text = line(rows.front());
  const std::string* recipe = nullptr;
  for (std::size_t i = 0; i < c.arms.size(); ++i) {
    if (recipe == nullptr || c.arms[i].recipe != *recipe) text += c.arms[i].recipe + "\n";
    recipe = &c.arms[i].recipe;
    text += line(rows[i + 1]);
  }
  for (const std::string& hazard : c.hazards) text += "note: " + hazard + "\n";
  return text;
}

compare_result compare_runs(const compare_options& options) {
  require_arms("--expect", options.expected);
  compare_result result;
  comparison c;
  c.command = options.command;
  c.expected = options.expected;
  for (const std::filesystem::path& folder : find_runs(options.directories, c.problems)) {
    try {
      c.runs.push_back(read_run(folder));
    } catch (const input_error& problem) {
      std::string line = problem.what();
      std::ranges::replace(line, '\n', ' ');
      c.problems.push_back(std::move(line));
    }
  }
  c.expected_of = expected_of_recipes(c.runs, c.problems);
  expect_of_unrun_recipes(c, options.directories);
  if (recipes_of(c).empty()) {
    throw input_error(c.problems.empty() ? "compare: name run folders, or folders of them"
                                         : c.problems.front());
  }
  separate_settings(c);
  count_once(c);
  summarise(c);
  const ordered_json json = to_compare_json(c);
  if (!options.keep.empty()) {
    for (const training_run& run : c.runs) {
      if (run.status != run_status::superseded) keep_run(run, options.keep / folder_name(run));
    }
  }
  result.problems = c.problems;
  result.runs = static_cast<std::size_t>(std::ranges::count_if(
      c.runs, [](const training_run& run) { return run.status != run_status::superseded; }));
  result.summary = comparison_text(c);
  result.json_file = options.out_dir / "compare.json";
  write_output(result.json_file,
               json.dump(1, ' ', false, ordered_json::error_handler_t::replace) + '\n');
  if (!options.markdown.empty()) write_output(options.markdown, comparison_markdown(c, json));
  try {
    const std::string plotly = read_plotly(options.plotly);
    const std::filesystem::path page = options.out_dir / "index.html";
    write_output(page, render_comparison_page(c, json, plotly));
    result.page_file = page;
  } catch (const input_error& problem) {
    result.page_problem = problem.what();
  }
  return result;
}

}  // namespace pamkit::reports
