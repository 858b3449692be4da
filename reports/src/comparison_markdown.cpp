#include <fmt/format.h>

#include <algorithm>

#include "comparison_tables.hpp"
#include "energy/energy_model.hpp"

namespace pamkit::reports {
namespace {

constexpr const char* kNone = "–";

// Text for a cell: nothing of it ends the cell or becomes markup.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ') {
      escaped += ' ';
      continue;
    }
    if (std::string_view("\\|`*_<>[]").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped.empty() ? kNone : escaped;
}

std::string number(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : kNone;
}

std::string percent(const std::optional<double>& share) {
  return share ? fmt::format("{:.1f} %", 100 * *share) : kNone;
}

std::string estimated(const std::optional<estimate>& e, bool with_sign) {
  if (!e) return kNone;
  const std::string mean =
      with_sign ? fmt::format("{:+.4f}", e->mean) : fmt::format("{:.4f}", e->mean);
  return e->half_width ? fmt::format("{} ± {:.4f}", mean, *e->half_width) : mean;
}

class table {
 public:
  // Columns after the first are numbers where `alignment` has an "r".
  table(const std::vector<std::string>& heads, std::string_view alignment) {
    row(heads);
    text_ += '|';
    for (const char a : alignment) text_ += a == 'r' ? "--:|" : "---|";
    text_ += '\n';
  }

  void row(const std::vector<std::string>& cells) {
    text_ += '|';
    for (const std::string& c : cells) text_ += ' ' + c + " |";
    text_ += '\n';
  }

  std::string text() const { return text_ + '\n'; }

 private:
  std::string text_;
};

std::vector<const arm_summary*> arms_of(const comparison& c, const std::string& recipe) {
  std::vector<const arm_summary*> arms;
  for (const arm_summary& arm : c.arms) {
    if (arm.recipe == recipe) arms.push_back(&arm);
  }
  return arms;
}

std::string scores(const std::vector<const arm_summary*>& arms) {
  table t({"arm", "runs", "metric", "value", "minus exact", "validation loss", "minus exact"},
          "lllrrrr");
  for (const arm_summary* arm : arms) {
    t.row({cell(arm->arm), runs_text(*arm), cell(arm->metric), estimated(arm->value, false),
           estimated(arm->value_difference, true), estimated(arm->valid_loss, false),
           estimated(arm->valid_loss_difference, true)});
  }
  return "Means over the finished seeds, with the 95 % interval of the mean where there are two or "
         "more "
         "(Student's). Differences are between runs of the same seed.\n\n" +
         t.text();
}

std::string bootstrap(const comparison& c, const std::string& recipe,
                      const std::vector<const arm_summary*>& arms) {
  table t({"arm", "seed", "BLEU", "exact's", "difference", "95 % interval", "p"}, "llrrrrr");
  bool any = false;
  for (const arm_summary* arm : arms) {
    for (const paired_bleu& paired : arm->bleu) {
      const bleu_difference& b = paired.bleu;
      any = true;
      t.row({cell(arm->arm), cell(paired.seed), number(b.value, 2), number(b.baseline, 2),
             fmt::format("{:+.2f}", b.difference), fmt::format("{:+.2f} to {:+.2f}", b.low, b.high),
             fmt::format("{:.3f}", b.p)});
    }
  }
  if (!any) return {};
  return "### Paired bootstrap of BLEU\n\n" + bootstrap_text(c, recipe) + "\n\n" + t.text();
}

std::string speed_and_cost(const std::vector<const arm_summary*>& arms) {
  if (std::ranges::none_of(arms, &arm_summary::was_run)) return "";
  std::vector<std::string> heads = {
      "arm", "steps/s", "by time of", "speed", "multiplications a step", "left"};
  std::string alignment = "lrlrrr";
  for (const energy_constants& node : kEnergyConstants) {
    heads.push_back("energy, " + cell(node.node));
    alignment += 'r';
  }
  table t(heads, alignment);
  for (const arm_summary* arm : arms) {
    if (!arm->was_run()) continue;
    const std::string rate = rate_text(*arm);
    std::vector<std::string> cells = {
        cell(arm->arm),
        rate.empty() ? kNone : rate,
        cell(arm->time_basis),
        number(arm->speed, 2),
        arm->cost ? fmt::format("{:.4g}", arm->cost->multiplications) : kNone,
        percent(arm->multiplications_left)};
    for (const energy_constants& node : kEnergyConstants) {
      const auto share = arm->energy.find(std::string(node.node));
      cells.push_back(
          percent(share == arm->energy.end() ? std::nullopt : std::optional(share->second)));
    }
    t.row(cells);
  }
  return "### Speed, multiplications, energy\n\n" + speed_text() +
         " Multiplications: ordinary ones in one training step, counted from the operators that "
         "run in it, and their share of native's (of exact's without a native run). Energy: of "
         "products and sums alone, by published constants of single operations, as share of the "
         "same baseline's.\n\n" +
         t.text();
}

std::string layers(const std::vector<const arm_summary*>& arms) {
  table t({"arm", "seed", "gain, mean", "least", "greatest", "gradient cosine, mean", "least",
           "zeros in outputs", "in gradients", "overflows", "underflows", "products sampled"},
          "llrrrrrrrrrr");
  bool any = false;
  const auto share = [](const element_counts& counts) {
    return percent(counts.elements > 0 ? std::optional(counts.zeros / counts.elements)
                                       : std::nullopt);
  };
  for (const arm_summary* arm : arms) {
    if (!arm->layers) continue;
    any = true;
    const layer_summary& l = *arm->layers;
    const bool sampled = l.products.sampled > 0;
    t.row({cell(arm->arm), cell(l.run->seed), number(l.mean_gain, 4), number(l.least_gain, 4),
           number(l.greatest_gain, 4), number(l.mean_cosine, 4), number(l.least_cosine, 4),
           share(l.outputs), share(l.gradients),
           sampled ? fmt::format("{:.0f}", l.products.overflows) : kNone,
           sampled ? fmt::format("{:.0f}", l.products.underflows) : kNone,
           sampled ? fmt::format("{:.0f}", l.products.sampled) : kNone});
  }
  if (!any) return {};
  return "### Layers\n\nOf the trained parameters on one batch. Gain: least-squares coefficient of "
         "a layer's "
         "product against the exact product of the same operands. Cosine: between a weight's "
         "gradient "
         "and that of exact arithmetic with the same parameters and dropout masks.\n\n" +
         t.text();
}

std::string losses(const std::vector<const arm_summary*>& arms) {
  table t({"arm", "seed", "loss", "exact's", "mean of logits", "deviation in a row", "leak",
           "its size"},
          "llrrrrrr");
  bool any = false;
  bool lacks_any = false;
  for (const arm_summary* arm : arms) {
    if (!arm->layers || !arm->layers->run->statistics->loss.value) continue;
    any = true;
    const loss_summary& l = arm->layers->run->statistics->loss;
    lacks_any = lacks_any || lacks_loss_columns(l);
    t.row({cell(arm->arm), cell(arm->layers->run->seed), number(l.value, 4), number(l.exact, 4),
           number(l.logits_mean, 2), number(l.logits_deviation, 2), percent(l.leak),
           percent(l.leak_size)});
  }
  if (!any) return {};
  return "### Loss\n\n" + loss_text() + "\n\n" + t.text() +
         (lacks_any ? unrecorded_text() + "\n\n" : "");
}

std::string runs(const comparison& c, const std::string& recipe) {
  if (std::ranges::find(c.runs, recipe, &training_run::recipe) == c.runs.end()) return "";
  table t({"arm", "seed", "status", "value", "steps", "commit", "parameters", "verification"},
          "lllrrlll");
  constexpr std::size_t kDigits = 12;
  for (const training_run& run : c.runs) {
    if (run.recipe != recipe) continue;
    std::string status(name_of(run.status));
    if (run.diverged_at) status += fmt::format(" at step {}", *run.diverged_at);
    t.row({cell(run.arm()), cell(run.seed), status, number(run.value, 4), std::to_string(run.steps),
           cell(short_commit(run.commit)), cell(run.parameters_sha256.substr(0, kDigits)),
           cell(run.verification.substr(0, kDigits))});
  }
  return "### Runs\n\n" + t.text();
}

}  // namespace

std::string comparison_markdown(const comparison& c, const nlohmann::ordered_json& json) {
  // The schema marks the file as one that pamkit may replace.
  std::string text =
      "<!-- \"pamkit.compare/1\" -->\n\n# Results of training comparisons\n\nWritten by\n\n    " +
      c.command +
      "\n\nand by no hand, by the commit of this table; the tables of runs name that of each "
      "run. " +
      shared_text(c) + "\n\n";
  table environment({"", ""}, "ll");
  for (const auto& [key, value] : json["environment"].items()) {
    environment.row({cell(key), cell(value.is_string() ? value.get<std::string>() : value.dump())});
  }
  text += environment.text();
  for (const std::string& recipe : recipes_of(c)) {
    const std::vector<const arm_summary*> arms = arms_of(c, recipe);
    const std::string data = data_text(c, recipe);
    text += "## " + cell(recipe) + "\n\n" + (data.empty() ? "" : "Data: " + cell(data) + ".\n\n") +
            scores(arms) + bootstrap(c, recipe, arms) + speed_and_cost(arms) + losses(arms) +
            layers(arms) + runs(c, recipe);
  }
  text += "## What to know before believing it\n\n";
  for (const std::string& problem : c.problems) text += "- not read: " + cell(problem) + "\n";
  for (const std::string& hazard : c.hazards) text += "- " + cell(hazard) + "\n";
  if (c.problems.empty() && c.hazards.empty())
    text += "Nothing was found in the files of these runs.\n";
  return text;
}

}  // namespace pamkit::reports
