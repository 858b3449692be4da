#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "comparison_tables.hpp"
#include "pamkit/backend.hpp"

/// What a reader has to know before believing the numbers of a comparison.

namespace pamkit::reports {
namespace {

std::string arm_label(const arm_summary& arm) {
  return fmt::format("{}{}{}", arm.recipe, arm.recipe.empty() ? "" : " ", arm.arm);
}

std::string joined(const std::set<std::string>& items) {
  return fmt::format("{}", fmt::join(items, ", "));
}

// Wall time over CPU time of a step from which on a machine did something else too.
constexpr double kLoaded = 1.5;

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

void find_in_run(comparison& c, const training_run& run) {
  if (run.status == run_status::diverged) {
    c.hazards.push_back(fmt::format(
        "{}: diverged{}; it enters no mean", run_label(run),
        run.diverged_at ? fmt::format(", the loss at step {} is not a number", *run.diverged_at)
                        : ", its value is not a number"));
  } else if (run.status == run_status::unverified) {
    c.hazards.push_back(run_label(run) +
                        ": its kernels differed from the golden model, so it did not train");
  } else if (run.status == run_status::unproven) {
    c.hazards.push_back(run_label(run) +
                        ": its verification failed, and it finished all the same; it enters no mean");
  } else if (run.status == run_status::unfinished) {
    c.hazards.push_back(
        fmt::format("{}: unfinished after step {}; it enters no mean", run_label(run), run.steps));
  } else if (enters_means(run) && run.verification.empty() && run.arithmetic != "native") {
    c.hazards.push_back(run_label(run) + ": no verification digest in summary.json");
  }
  if (run.other_bleu) {
    c.hazards.push_back(fmt::format(
        "{}: its sentences are not those that were scored: their BLEU is {:.4f} and the value "
        "{:.4f}; it enters no mean and no paired bootstrap",
        run_label(run), *run.other_bleu, *run.value));
  }
}

// --- What the arithmetic itself brings
// --------------------------------------------------------------

bool has_inexact_products(const training_run& run) {
  return run.arithmetic != "exact" && run.arithmetic != "native";
}

// Whether the arm's arithmetic computes what `part` adds.
bool covers(const training_run& run, std::string_view part) {
  const auto* const mine = std::ranges::find(scopes, std::string_view(run.scope));
  return has_inexact_products(run) && mine != std::end(scopes) &&
         mine >= std::ranges::find(scopes, part);
}

// How far the piecewise affine quotient of x and `length` is from x / length, meant over the
// fractions.
double mean_error_of_division(double length) {
  constexpr int kFractions = 1024;
  const auto divide = scalar_backend().elementwise("div", "pam");
  const configuration rules{.arithmetic = "pam"};
  const auto divisor = static_cast<float>(length);
  const auto b = std::bit_cast<std::uint32_t>(divisor);
  double sum = 0;
  for (int i = 0; i < kFractions; ++i) {
    const float x = 1 + static_cast<float>(i) / kFractions;
    const auto a = std::bit_cast<std::uint32_t>(x);
    std::uint32_t quotient = 0;
    divide(rules, &a, &b, &quotient, 1);
    sum += double{std::bit_cast<float>(quotient)} * double{divisor} / double{x} - 1;
  }
  return sum / kFractions;
}

bool is_power_of_two(double x) { return x > 0 && std::log2(x) == std::floor(std::log2(x)); }

// Logits that lie together so many deviations from 0 were moved there; what an exact run does not
// reach.
constexpr double kFarFromZero = 4;

// A piecewise affine loss and its gradient. A leak of the same sign everywhere moves all logits of a
// row, about which the loss says nothing; where they have moved by more than they differ, products
// that err by a share of the whole logit hide what distinguishes the classes.
void find_in_loss(comparison& c, const std::string& label, const arm_summary& arm) {
  const loss_summary l = arm.layers && arm.layers->run->statistics
                             ? arm.layers->run->statistics->loss
                             : loss_summary{};
  std::string values;
  if (l.value && l.exact) {
    values = fmt::format(
        " ({:.4f} on the batch of its statistics, where exact arithmetic has {:.4f} with the same "
        "parameters)",
        *l.value, *l.exact);
  }
  c.hazards.push_back(
      label + ": the loss itself is computed in this arithmetic, so its value is biased" + values +
      " and its gradient rows do not sum to 0" +
      (l.leak && l.leak_size ? fmt::format(" but to {} of their mass, {} in size", percent(*l.leak),
                                           percent(*l.leak_size))
                             : "") +
      "; compare the metric, and the validation loss, which is ordinary");
  if (l.logits_mean && l.logits_deviation && std::abs(*l.logits_mean) > kFarFromZero * *l.logits_deviation) {
    c.hazards.push_back(fmt::format(
        "{}: its logits have a mean of {:.2f} and deviate by {:.2f} in a row: the leak of the "
        "gradient has moved them together, and products that err by a share of the whole hide "
        "what distinguishes them",
        label, *l.logits_mean, *l.logits_deviation));
  }
}

void find_in_norms(comparison& c, const std::string& label, const run_statistics& s) {
  const std::set<double> widths(s.norm_widths.begin(), s.norm_widths.end());
  for (const double width : widths) {
    if (is_power_of_two(width)) continue;
    c.hazards.push_back(fmt::format(
        "{}: normalisation divides by a row length of {:.0f}, no power of two, for which the "
        "piecewise "
        "affine quotient is off by {:+.1f} % in the mean: rows keep a mean of their own",
        label, width, 100 * mean_error_of_division(width)));
  }
  if (s.running_averages > 0) {
    c.hazards.push_back(label +
                        ": running averages are kept as r + (x - r) / 10, because a piecewise "
                        "affine average of the "
                        "usual form does not settle at a constant input");
  }
}

void find_in_values(comparison& c, const std::string& label, const layer_summary& l) {
  const std::pair<const char*, const element_counts*> kinds[] = {{"outputs", &l.outputs},
                                                                 {"gradients", &l.gradients}};
  for (const auto& [what, counts] : kinds) {
    if (counts->infinities + counts->nans == 0) continue;
    c.hazards.push_back(
        fmt::format("{}: {:.0f} infinities and {:.0f} NaNs among the {} of its layers", label,
                    counts->infinities, counts->nans, what));
  }
  if (l.products.overflows > 0) {
    c.hazards.push_back(fmt::format("{}: {:.0f} of {:.0f} sampled products overflow", label,
                                    l.products.overflows, l.products.sampled));
  }
}

void find_in_cost(comparison& c, const std::string& label, const arm_summary& arm) {
  if (!arm.layers || !arm.layers->run->statistics) return;
  const run_statistics& s = *arm.layers->run->statistics;
  if (!s.not_counted.empty()) {
    c.hazards.push_back(
        fmt::format("{}: operators that the count of multiplications does not know: {}", label,
                    fmt::join(s.not_counted, ", ")));
  }
  const double left = arm.cost ? arm.cost->multiplications : 0;
  if (left == 0 || !has_inexact_products(*arm.runs.front())) return;
  const auto most = std::ranges::max_element(s.operators, {}, &operator_count::multiplications);
  const std::string share =
      arm.multiplications_left ? percent(*arm.multiplications_left) + " of the" : "some";
  c.hazards.push_back(
      fmt::format("{}: {} multiplications of a step are left, most of them in {} ({}{}{})", label,
                  share, most->name, most->place, most->reason.empty() ? "" : ": ", most->reason));
}

void find_in_arithmetic(comparison& c, const arm_summary& arm) {
  const training_run& run = *arm.runs.front();
  const std::string label = arm_label(arm);
  if (covers(run, "softmax")) {
    c.hazards.push_back(
        label +
        ": softmax subtracts the maximum of each row, not of the whole tensor as the released code "
        "does, where a row far below the maximum becomes 0/0; the exponential's relative error "
        "grows "
        "with its argument");
  }
  if (covers(run, "loss")) find_in_loss(c, label, arm);
  if (covers(run, "optimizer") && run.moment_decay != "corrected") {
    c.hazards.push_back(
        label +
        ": the optimiser's moments forget about 1.4 times too fast, because a piecewise affine "
        "product "
        "by a factor just below 1 is none; --set training.moment_decay=corrected corrects it");
  }
  if (arm.layers && arm.layers->run->statistics) {
    if (covers(run, "norm")) find_in_norms(c, label, *arm.layers->run->statistics);
    if (run.arithmetic == "adder") {
      c.hazards.push_back(label +
                          ": its layers sum differences, so gain and cosine compare them with the "
                          "products they stand for; the gradient is that of another function");
    } else if (has_inexact_products(run) && arm.layers->mean_gain) {
      c.hazards.push_back(fmt::format(
          "{}: its products have a gain of {:.4f} in the mean over layers ({:.4f} to {:.4f}), "
          "where "
          "exact ones have 1",
          label, *arm.layers->mean_gain, *arm.layers->least_gain, *arm.layers->greatest_gain));
    }
    find_in_values(c, label, *arm.layers);
  }
  find_in_cost(c, label, arm);
}

// --- What the choice of runs brings
// -----------------------------------------------------------------

// What says whether runs differ in more than their arms.
void find_in_provenance(comparison& c, const std::string& recipe, const std::string& of) {
  std::set<std::string> commits;
  std::set<std::string> modified;
  std::set<std::string> changed;
  std::set<std::string> without_commit;
  std::set<std::string> keys;
  for (const training_run& run : c.runs) {
    if (run.recipe != recipe || !enters_means(run)) continue;
    const std::string name = run.arm() + ", seed " + run.seed;
    for (const std::string& commit : {run.commit, run.last_commit}) {
      if (!commit.empty()) commits.insert(short_commit(commit));
    }
    if (is_modified(run.commit) || is_modified(run.last_commit)) modified.insert(name);
    if (!run.last_commit.empty() && !run.commit.empty() && run.commit != run.last_commit)
      changed.insert(name);
    if (run.commit.empty() || run.commit == "unknown") without_commit.insert(name);
    for (const auto& [key, value] : run.settings) {
      if (!key.starts_with("settings.adder.")) keys.insert(key);
    }
  }
  std::set<std::string> unsaid;
  for (const training_run& run : c.runs) {
    if (run.recipe != recipe || !enters_means(run)) continue;
    for (const std::string& key : keys) {
      if (run.settings.count(key) == 0) unsaid.insert(key);
    }
  }
  const auto tell = [&](const std::set<std::string>& items, const std::string& text) {
    if (!items.empty())
      c.hazards.push_back(fmt::format("{}{}: {}", of, text, fmt::join(items, "; ")));
  };
  if (commits.size() > 1)
    tell(commits, "trained by different commits, which the table of runs tells");
  tell(modified, "trained by a modified tree, so that the commit does not say what ran");
  tell(changed, "begun by one commit and finished by another");
  tell(without_commit, "no commit in the files of a run");
  tell(unsaid, "settings that some runs do not say, taken as equal");
  if (commits.size() > 1 || !modified.empty() || !without_commit.empty() || !unsaid.empty() ||
      keys.count("corpus_sha256") == 0) {
    c.arithmetic_alone_differs = false;
  }
}

void find_in_recipe(comparison& c, const std::string& recipe) {
  // Of which every arm is said to be expected and not run.
  if (std::ranges::find(c.runs, recipe, &training_run::recipe) == c.runs.end()) return;
  const std::string of = recipe.empty() ? "" : fmt::format("{}: ", recipe);
  std::set<std::string> signatures;
  std::set<std::string> machines;
  std::set<std::string> threads;
  std::set<std::string> metrics;
  std::set<std::string> lengths;
  std::set<std::string> bases;
  std::set<std::string> under_load;
  bool some_have_statistics = false;
  std::set<std::string> without_statistics;
  for (const training_run& run : c.runs) {
    if (run.recipe != recipe || !enters_means(run)) continue;
    if (!run.signature.empty()) signatures.insert(run.signature);
    if (!run.cpu.empty()) machines.insert(run.cpu);
    if (run.threads) threads.insert(fmt::format("{:.0f}", *run.threads));
    if (run.step_seconds) bases.insert(run.is_cpu_time ? "CPU time" : "wall time");
    if (run.load && *run.load > kLoaded) {
      under_load.insert(fmt::format("{}, seed {} ({:.1f} times)", run.arm(), run.seed, *run.load));
    }
    if (!run.metric.empty()) metrics.insert(run.metric);
    lengths.insert(std::to_string(run.steps));
    some_have_statistics = some_have_statistics || run.statistics;
    if (!run.statistics) without_statistics.insert(run.arm());
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
  if (threads.size() > 1) {
    c.hazards.push_back(
        of + "speeds were measured with different numbers of threads: " + joined(threads));
  }
  if (bases.size() > 1)
    c.hazards.push_back(of + "some steps/s are by CPU time and some by wall time");
  if (!under_load.empty()) {
    c.hazards.push_back(fmt::format(
        "{}measured under load, so that a step took more than {} times its CPU time, and even that "
        "may be longer than on an idle machine: {}",
        of, kLoaded, fmt::join(under_load, "; ")));
  }
  find_in_provenance(c, recipe, of);
  if (some_have_statistics && !without_statistics.empty()) {
    c.hazards.push_back(of + "no statistics.json of " + joined(without_statistics) +
                        "; the same train command again adds it");
  }
  if (find_arm(c, recipe, "exact") == nullptr || !find_arm(c, recipe, "exact")->was_run()) {
    c.hazards.push_back(of + "no run with exact arithmetic, so no differences to it");
  }
  if (find_arm(c, recipe, "native") == nullptr || !find_arm(c, recipe, "native")->was_run()) {
    c.hazards.push_back(of + "no native run, so no relative speed");
  }
}

void find_in_seeds(comparison& c, const arm_summary& arm) {
  const std::string label = arm_label(arm);
  std::set<std::string> seeds;
  for (const training_run* run : arm.runs) {
    if (!enters_means(*run)) continue;
    seeds.insert(run->seed);
  }
  if (seeds.size() == 1) {
    c.hazards.push_back(label + ": one finished seed, so no interval");
  }
  const arm_summary* exact = find_arm(c, arm.recipe, "exact");
  if (exact == nullptr || exact == &arm || !exact->was_run()) return;
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
  if (arm.metric == "bleu" && arm.bleu.size() + unpaired.size() < seeds.size()) {
    c.hazards.push_back(
        label +
        ": no paired bootstrap of some seeds, because hypotheses.txt and references.txt (or "
        "sentences.json) are missing, not those that were scored, or not of the same sentences as "
        "exact's");
  }
}

}  // namespace

void find_hazards(comparison& c) {
  for (const arm_summary& arm : c.arms) {
    if (!arm.was_run()) c.hazards.push_back(arm_label(arm) + ": expected and not run");
  }
  for (const training_run& run : c.runs) find_in_run(c, run);
  for (const std::string& recipe : recipes_of(c)) find_in_recipe(c, recipe);
  for (const arm_summary& arm : c.arms) {
    if (!arm.was_run()) continue;
    find_in_seeds(c, arm);
    find_in_arithmetic(c, arm);
  }
}

}  // namespace pamkit::reports
