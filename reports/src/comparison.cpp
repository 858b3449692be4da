#include "pamkit/reports/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "comparison_tables.hpp"
#include "page.hpp"
#include "pamkit/provenance/environment.hpp"
#include "student.hpp"

namespace pamkit::reports {
namespace {

using nlohmann::ordered_json;

constexpr double kIntervalProbability = 0.95;
constexpr std::size_t kCurvePoints = 800;  // of one training curve in the page

bool enters_means(const training_run& run) { return run.status == run_status::finished; }

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

const arm_summary* find_arm(const comparison& c, const std::string& recipe, const char* name) {
  const auto it = std::ranges::find_if(
      c.arms, [&](const arm_summary& a) { return a.recipe == recipe && a.arm == name; });
  return it == c.arms.end() ? nullptr : &*it;
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
  json["steps"] = run.steps;
  json["epochs"] = run.epochs;
  if (run.throughput)
    json[run.throughput_unit == "images/s" ? "images_per_second" : "tokens_per_second"] =
        *run.throughput;
  set_if(json, "seconds", run.seconds);
  set_if(json, "diverged_at", run.diverged_at);
  json["signature"] = run.signature;
  json["parameters_sha256"] = run.parameters_sha256;
  json["verification"] = run.verification;
  return json;
}

std::string run_label(const training_run& run) {
  return fmt::format("{}{}{}, seed {}", run.recipe, run.recipe.empty() ? "" : " ", run.arm(),
                     run.seed);
}

std::string joined(const std::set<std::string>& items) {
  return fmt::format("{}", fmt::join(items, ", "));
}

void find_hazards(comparison& c) {
  for (const training_run& run : c.runs) {
    if (run.status == run_status::diverged) {
      c.hazards.push_back(fmt::format(
          "{}: diverged{}; it enters no mean", run_label(run),
          run.diverged_at ? fmt::format(", the loss at step {} is not a number", *run.diverged_at)
                          : ", its value is not a number"));
    } else if (run.status == run_status::unfinished) {
      c.hazards.push_back(fmt::format("{}: unfinished after step {}; it enters no mean",
                                      run_label(run), run.steps));
    } else if (run.verification.empty() && run.arithmetic != "native") {
      c.hazards.push_back(run_label(run) + ": no verification digest in summary.json");
    }
    if (run.scope == "loss" || run.scope == "optimizer" || run.scope == "all") {
      c.hazards.push_back(
          run_label(run) +
          ": the loss itself is computed in this arithmetic, so its value is biased; compare "
          "the metric");
    }
  }
  std::set<std::string> recipes;
  for (const training_run& run : c.runs) recipes.insert(run.recipe);
  for (const std::string& recipe : recipes) {
    const std::string of = recipe.empty() ? "" : fmt::format("{}: ", recipe);
    std::set<std::string> signatures;
    std::set<std::string> machines;
    std::set<std::string> metrics;
    std::set<std::string> lengths;
    for (const training_run& run : c.runs) {
      if (run.recipe != recipe || !enters_means(run)) continue;
      if (!run.signature.empty()) signatures.insert(run.signature);
      if (!run.cpu.empty()) machines.insert(run.cpu);
      if (!run.metric.empty()) metrics.insert(run.metric);
      lengths.insert(std::to_string(run.steps));
    }
    if (metrics.size() > 1)
      c.hazards.push_back(of + "runs report different metrics: " + joined(metrics));
    if (signatures.size() > 1) {
      c.hazards.push_back(of + "values were scored differently: " + joined(signatures));
    }
    if (lengths.size() > 1) {
      c.hazards.push_back(of + "finished runs differ in length: " + joined(lengths) + " steps");
    }
    if (machines.size() > 1) {
      c.hazards.push_back(of + "speeds were measured on different machines: " + joined(machines));
    }
    if (find_arm(c, recipe, "exact") == nullptr) {
      c.hazards.push_back(of + "no run with exact arithmetic, so no differences to it");
    }
    if (find_arm(c, recipe, "native") == nullptr) {
      c.hazards.push_back(of + "no native run, so no relative speed");
    }
  }
  for (const arm_summary& arm : c.arms) {
    const std::string label =
        fmt::format("{}{}{}", arm.recipe, arm.recipe.empty() ? "" : " ", arm.arm);
    std::set<std::string> seeds;
    for (const training_run* run : arm.runs) {
      if (!enters_means(*run)) continue;
      if (!seeds.insert(run->seed).second) {
        c.hazards.push_back(label + ": seed " + run->seed + " appears more than once in the mean");
      }
    }
    if (seeds.size() == 1) {
      c.hazards.push_back(label + ": one finished seed, so no interval");
    }
    const arm_summary* exact = find_arm(c, arm.recipe, "exact");
    if (exact == nullptr || exact == &arm) continue;
    std::set<std::string> exact_seeds;
    for (const training_run* run : exact->runs) {
      if (enters_means(*run)) exact_seeds.insert(run->seed);
    }
    std::set<std::string> unpaired;
    std::ranges::set_difference(seeds, exact_seeds, std::inserter(unpaired, unpaired.end()));
    if (!unpaired.empty()) {
      c.hazards.push_back(label + ": no finished exact run with seed " + joined(unpaired) +
                          "; the difference leaves it out");
    }
  }
}

std::string estimate_text(const std::optional<estimate>& e, const char* sign) {
  if (!e) return "-";
  if (!e->half_width) return fmt::format(fmt::runtime(fmt::format("{{:{}.4f}}", sign)), e->mean);
  return fmt::format(fmt::runtime(fmt::format("{{:{}.4f}} +- {{:.4f}}", sign)), e->mean,
                     *e->half_width);
}

}  // namespace

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
  std::ranges::stable_sort(
      c.arms, {}, [](const arm_summary& a) { return std::pair(a.recipe, arm_rank(a.arm)); });
  const auto value = [](const training_run& run) { return run.value; };
  const auto valid_loss = [](const training_run& run) { return run.valid_loss; };
  for (arm_summary& arm : c.arms) {
    arm.value = estimate_mean(collect(arm, value));
    arm.valid_loss = estimate_mean(collect(arm, valid_loss));
    arm.throughput =
        estimate_mean(collect(arm, [](const training_run& run) { return run.throughput; }));
  }
  for (arm_summary& arm : c.arms) {
    const arm_summary* exact = find_arm(c, arm.recipe, "exact");
    if (exact != nullptr && exact != &arm) {
      arm.value_difference = paired_difference(arm, *exact, value);
      arm.valid_loss_difference = paired_difference(arm, *exact, valid_loss);
    }
    const arm_summary* native = find_arm(c, arm.recipe, "native");
    if (native != nullptr && native->throughput && arm.throughput) {
      arm.speed = arm.throughput->mean / native->throughput->mean;
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
                      {"runs", arm.runs.size()}};
    set_estimate(a, "value", arm.value);
    set_estimate(a, "value_minus_exact", arm.value_difference);
    set_estimate(a, "valid_loss", arm.valid_loss);
    set_estimate(a, "valid_loss_minus_exact", arm.valid_loss_difference);
    set_estimate(a, arm.throughput_unit == "images/s" ? "images_per_second" : "tokens_per_second",
                 arm.throughput);
    set_if(a, "speed_relative_to_native", arm.speed);
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
  json["hazards"] = c.hazards;
  json["problems"] = c.problems;
  return json;
}

std::string comparison_text(const comparison& c) {
  std::string text = fmt::format("{:<20}{:>6}{:>12}{:>22}{:>22}{:>22}{:>12}{:>8}\n", "arm", "runs",
                                 "metric", "value", "minus exact", "valid loss", "rate", "speed");
  std::string recipe;
  for (const arm_summary& arm : c.arms) {
    if (arm.recipe != recipe) text += arm.recipe + "\n";
    recipe = arm.recipe;
    text += fmt::format("{:<20}{:>6}{:>12}{:>22}{:>22}{:>22}{:>12}{:>8}\n", arm.arm,
                        arm.runs.size(), arm.metric, estimate_text(arm.value, ""),
                        estimate_text(arm.value_difference, "+"), estimate_text(arm.valid_loss, ""),
                        arm.throughput ? fmt::format("{:.0f}", arm.throughput->mean) : "-",
                        arm.speed ? fmt::format("{:.2f}", *arm.speed) : "-");
  }
  for (const std::string& hazard : c.hazards) text += "note: " + hazard + "\n";
  return text;
}

compare_result compare_runs(const compare_options& options) {
  compare_result result;
  comparison c;
  c.command = options.command;
  for (const std::filesystem::path& folder : find_runs(options.directories, c.problems)) {
    try {
      c.runs.push_back(read_run(folder));
    } catch (const input_error& problem) {
      c.problems.push_back(problem.what());
    }
  }
  if (c.runs.empty()) {
    throw input_error(c.problems.empty() ? "compare: name run folders, or folders of them"
                                         : c.problems.front());
  }
  summarise(c);
  const ordered_json json = to_compare_json(c);
  result.problems = c.problems;
  result.runs = c.runs.size();
  result.summary = comparison_text(c);
  result.json_file = options.out_dir / "compare.json";
  write_output(result.json_file,
               json.dump(1, ' ', false, ordered_json::error_handler_t::replace) + '\n');
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
