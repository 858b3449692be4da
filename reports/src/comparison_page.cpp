#include <fmt/format.h>

#include <algorithm>

#include "comparison_tables.hpp"
#include "energy/energy_model.hpp"
#include "page.hpp"

namespace pamkit::reports {
namespace {

constexpr std::size_t kHashPrefix =
    12;  // digits of a SHA-256 that are enough to tell runs apart by eye

std::string estimate_cell(const char* label, const std::optional<estimate>& e, bool with_sign) {
  if (!e) return fmt::format("<td class=\"number\" data-label=\"{}\">&ndash;</td>", label);
  const std::string mean =
      with_sign ? fmt::format("{:+.4f}", e->mean) : fmt::format("{:.4f}", e->mean);
  return fmt::format(
      "<td class=\"number\" data-label=\"{}\" data-value=\"{}\"><span>{}{}</span></td>", label,
      e->mean, mean,
      e->half_width
          ? fmt::format(" <span class=\"faint\">&plusmn;&nbsp;{:.4f}</span>", *e->half_width)
          : "");
}

std::string number_cell(const char* label, const std::optional<double>& value, int digits,
                        const std::string& unit = "") {
  if (!value) return fmt::format("<td class=\"number\" data-label=\"{}\">&ndash;</td>", label);
  return fmt::format(
      "<td class=\"number\" data-label=\"{}\" data-value=\"{}\"><span>{:.{}f}{}</span></td>", label,
      *value, *value, digits, unit.empty() ? unit : fmt::format(" {}", unit));
}

std::string percent_cell(const char* label, const std::optional<double>& share) {
  if (!share) return number_cell(label, share, 0);
  return fmt::format(
      "<td class=\"number\" data-label=\"{}\" data-value=\"{}\"><span>{:.1f}&nbsp;%</span></td>",
      label, *share, 100 * *share);
}

// A count, in full or, where it is long, with four digits.
std::string count_cell(const char* label, double count) {
  constexpr double kLong = 1e6;
  return fmt::format(
      "<td class=\"number\" data-label=\"{}\" data-value=\"{}\"><span>{}</span></td>", label, count,
      count < kLong ? fmt::format("{:.0f}", count) : fmt::format("{:.3e}", count));
}

std::optional<double> share_of(double part, double whole) {
  return whole > 0 ? std::optional(part / whole) : std::nullopt;
}

// The head of a row: the arm, and its recipe below where there are several.
std::string arm_head(const comparison& c, const arm_summary& arm) {
  if (recipes_of(c).size() < 2) return fmt::format("<th>{}</th>", escape_html(arm.arm));
  return fmt::format("<th>{}<span class=\"exact small\">{}</span></th>", escape_html(arm.arm),
                     escape_html(arm.recipe));
}

// Begins rows of arms, with a line above the first of a recipe.
class grouped_rows {
 public:
  explicit grouped_rows(const comparison& c) : c_(c) {}
  std::string begin(const arm_summary& arm) {
    const bool first = recipe_ == nullptr || *recipe_ != arm.recipe;
    recipe_ = &arm.recipe;
    return fmt::format("<tr{}>{}", first ? " class=\"group\"" : "", arm_head(c_, arm));
  }

 private:
  const comparison& c_;
  const std::string* recipe_ = nullptr;
};

std::string arms_html(const comparison& c) {
  std::string html;
  grouped_rows rows(c);
  for (const arm_summary& arm : c.arms) {
    html += rows.begin(arm) +
            fmt::format(
                "<td data-label=\"runs\"><span{}>{}</span></td><td data-label=\"metric\">{}</td>",
                arm.is_finished() ? "" : " class=\"status-bad\"", runs_text(arm),
                arm.metric.empty() ? "&ndash;" : escape_html(arm.metric)) +
            estimate_cell("value", arm.value, false) +
            estimate_cell("minus exact", arm.value_difference, true) +
            estimate_cell("valid. loss", arm.valid_loss, false) +
            estimate_cell("minus exact", arm.valid_loss_difference, true) +
            percent_cell("mult. left", arm.multiplications_left) + "</tr>\n";
  }
  return html;
}

// A section with a heading and a table; nothing where the table has no rows.
std::string section_html(const char* id, const char* title, const std::string& text,
                         const std::string& heads, const std::string& rows) {
  if (rows.empty()) return {};
  return fmt::format(
      "<section id=\"{}\">\n<h2>{}</h2>\n<p>{}</p>\n<div class=\"scroll\"><table class=\"cards\">\n"
      "<thead><tr>{}</tr></thead>\n<tbody>{}</tbody></table></div>\n</section>\n",
      id, title, text, heads, rows);
}

std::string heads_html(std::initializer_list<const char*> texts,
                       std::initializer_list<const char*> numbers) {
  std::string html;
  for (const char* const head : texts) html += fmt::format("<th>{}</th>", head);
  for (const char* const head : numbers) html += fmt::format("<th class=\"number\">{}</th>", head);
  return html;
}

std::string bootstrap_html(const comparison& c) {
  std::string rows;
  for (const arm_summary& arm : c.arms) {
    for (const paired_bleu& paired : arm.bleu) {
      const bleu_difference& b = paired.bleu;
      rows += fmt::format(
          "<tr>{}<td data-label=\"seed\">{}</td>{}{}<td class=\"number\" data-label=\"difference\" "
          "data-value=\"{}\"><span>{:+.2f}</span></td><td class=\"number\" data-label=\"95 % "
          "interval\">"
          "<span>{:+.2f} to {:+.2f}</span></td>{}</tr>\n",
          arm_head(c, arm), escape_html(paired.seed), number_cell("BLEU", b.value, 2),
          number_cell("exact's", b.baseline, 2), b.difference, b.difference, b.low, b.high,
          number_cell("p", b.p, 3));
    }
  }
  return section_html(
      "bootstrap", "Paired bootstrap of BLEU", escape_html(bootstrap_text(c, "")),
      heads_html({"arm", "seed"}, {"BLEU", "exact's", "difference", "95&nbsp;% interval", "p"}),
      rows);
}

std::string rate_cell(const arm_summary& arm) {
  if (!arm.steps_per_second) return number_cell("steps/s", std::nullopt, 3);
  return fmt::format(
      "<td class=\"number\" data-label=\"steps/s\" data-value=\"{}\"><span>{} {}</span></td>",
      arm.steps_per_second->mean, rate_text(arm), escape_html(arm.time_basis));
}

std::string cost_html(const comparison& c) {
  std::string heads = heads_html(
      {"arm"}, {"steps/s", "speed", "forward", "backward", "update", "all", "left", "quotients"});
  for (const energy_constants& node : kEnergyConstants) {
    heads += fmt::format("<th class=\"number\">energy, {}</th>", escape_html(node.node));
  }
  std::string rows;
  grouped_rows grouped(c);
  for (const arm_summary& arm : c.arms) {
    if (!arm.was_run()) continue;
    rows += grouped.begin(arm) +
            rate_cell(arm) +
            number_cell("speed", arm.speed, 2);
    const auto place = [&](const char* name) {
      const auto found = arm.cost->by_place.find(name);
      return count_cell(name, found == arm.cost->by_place.end() ? 0 : found->second);
    };
    if (arm.cost) {
      rows += place("forward") + place("backward") + place("update") +
              count_cell("all", arm.cost->multiplications);
    } else {
      for (const char* const label : {"forward", "backward", "update", "all"}) {
        rows += number_cell(label, std::nullopt, 0);
      }
    }
    rows += percent_cell("left", arm.multiplications_left) +
            (arm.cost ? count_cell("quotients", arm.cost->quotients)
                      : number_cell("quotients", std::nullopt, 0));
    for (const energy_constants& node : kEnergyConstants) {
      const auto share = arm.energy.find(std::string(node.node));
      const std::string label = "energy, " + escape_html(node.node);
      rows += percent_cell(label.c_str(),
                           share == arm.energy.end() ? std::nullopt : std::optional(share->second));
    }
    rows += "</tr>\n";
  }
  return section_html("cost", "Speed, multiplications, energy",
                      escape_html(speed_text()) +
                          " Multiplications: ordinary floating-point ones of one training step, "
                          "forward, backward and in the update, counted from the operators that "
                          "run in it, and what is left of native's (of exact's without a native "
                          "run); quotients are ordinary divisions, roots, exponentials and "
                          "logarithms. Energy is a model and no measurement: products and "
                          "additions to accumulators by published constants of single operations, "
                          "as share of the same baseline's; memory and everything else are left "
                          "out.",
                      heads, rows);
}

std::string operators_html(const comparison& c) {
  std::string rows;
  for (const arm_summary& arm : c.arms) {
    if (!arm.layers) continue;
    for (const operator_count& o : arm.layers->run->statistics->operators) {
      if (o.multiplications == 0) continue;
      rows += fmt::format(
          "<tr>{}<td data-label=\"operator\">{}</td><td data-label=\"place\">{}</td>{}{}"
          "<td class=\"wide\" data-label=\"reason\">{}</td></tr>\n",
          arm_head(c, arm), escape_html(o.name), escape_html(o.place),
          count_cell("multiplications", o.multiplications),
          percent_cell("of the arm's", share_of(o.multiplications, arm.cost->multiplications)),
          escape_html(o.reason));
    }
  }
  if (rows.empty()) return {};
  return "<details><summary>Where multiplications are left, operator by operator</summary>\n"
         "<div class=\"scroll\"><table class=\"cards\" id=\"operators\"><thead><tr>" +
         heads_html({"arm", "operator", "place"}, {"multiplications", "of the arm's"}) +
         "<th>reason</th></tr></thead>\n<tbody>" + rows + "</tbody></table></div></details>\n";
}

std::string layer_summaries_html(const comparison& c) {
  std::string rows;
  grouped_rows grouped(c);
  for (const arm_summary& arm : c.arms) {
    if (!arm.layers) continue;
    const layer_summary& l = *arm.layers;
    rows += grouped.begin(arm) +
            fmt::format("<td data-label=\"seed\">{}</td>", escape_html(l.run->seed)) +
            number_cell("gain, mean", l.mean_gain, 4) +
            number_cell("gain, least", l.least_gain, 4) +
            number_cell("gain, greatest", l.greatest_gain, 4) +
            number_cell("cosine, mean", l.mean_cosine, 4) +
            number_cell("cosine, least", l.least_cosine, 4) +
            percent_cell("zeros, outputs", share_of(l.outputs.zeros, l.outputs.elements)) +
            percent_cell("zeros, gradients", share_of(l.gradients.zeros, l.gradients.elements)) +
            count_cell("not finite", l.outputs.infinities + l.outputs.nans +
                                         l.gradients.infinities + l.gradients.nans);
    const bool sampled = l.products.sampled > 0;
    rows += sampled ? count_cell("overflows", l.products.overflows) +
                          count_cell("underflows", l.products.underflows) +
                          count_cell("of products", l.products.sampled)
                    : number_cell("overflows", std::nullopt, 0) +
                          number_cell("underflows", std::nullopt, 0) +
                          number_cell("of products", std::nullopt, 0);
    rows += "</tr>\n";
  }
  return rows;
}

std::string losses_html(const comparison& c) {
  std::string rows;
  bool lacks_any = false;
  grouped_rows grouped(c);
  for (const arm_summary& arm : c.arms) {
    if (!arm.layers || !arm.layers->run->statistics->loss.value) continue;
    const loss_summary& l = arm.layers->run->statistics->loss;
    lacks_any = lacks_any || lacks_loss_columns(l);
    rows += grouped.begin(arm) +
            fmt::format("<td data-label=\"seed\">{}</td>", escape_html(arm.layers->run->seed)) +
            number_cell("loss", l.value, 4) + number_cell("exact's", l.exact, 4) +
            number_cell("mean of logits", l.logits_mean, 2) +
            number_cell("deviation in a row", l.logits_deviation, 2) +
            percent_cell("leak", l.leak) + percent_cell("leak's size", l.leak_size) + "</tr>\n";
  }
  if (rows.empty()) return {};
  return "<section id=\"losses\">\n<h2>Loss</h2>\n<p>" + escape_html(loss_text()) +
         "</p>\n<div class=\"scroll\"><table class=\"cards\">\n<thead><tr>" +
         heads_html({"arm", "seed"}, {"loss", "exact's", "mean of logits", "deviation in a row",
                                      "leak", "its size"}) +
         "</tr></thead>\n<tbody>" + rows + "</tbody></table></div>\n" +
         (lacks_any ? "<p>" + escape_html(unrecorded_text()) + "</p>\n" : "") + "</section>\n";
}

// The last component of a parameter's name does not belong to its layer's.
const gradient_statistics* gradient_of(const run_statistics& s, const std::string& layer) {
  for (const gradient_statistics& g : s.gradients) {
    if (g.name == layer || g.name == layer + ".weight") return &g;
  }
  return nullptr;
}

std::string layer_rows_html(const comparison& c) {
  std::string rows;
  for (const arm_summary& arm : c.arms) {
    if (!arm.layers) continue;
    const run_statistics& s = *arm.layers->run->statistics;
    for (const layer_statistics& l : s.layers) {
      const gradient_statistics* const g = gradient_of(s, l.name);
      const element_counts none;
      const element_counts& values = g == nullptr ? none : g->gradient;
      const double sampled = l.forward.sampled + l.backward.sampled;
      rows += fmt::format(
          "<tr><th>{}</th><td data-label=\"recipe\">{}</td><td "
          "data-label=\"arm\">{}</td>{}{}{}{}{}{}{}{}</tr>\n",
          escape_html(l.name), escape_html(arm.recipe), escape_html(arm.arm),
          number_cell("gain", l.gain, 4), number_cell("norm ratio", l.norm_ratio, 4),
          number_cell("gradient cosine", g == nullptr ? std::nullopt : g->cosine, 4),
          number_cell("gradient norm ratio", g == nullptr ? std::nullopt : g->norm_ratio, 4),
          percent_cell("zeros, output", share_of(l.output.zeros, l.output.elements)),
          percent_cell("zeros, gradient", share_of(values.zeros, values.elements)),
          percent_cell("overflows", share_of(l.forward.overflows + l.backward.overflows, sampled)),
          percent_cell("underflows",
                       share_of(l.forward.underflows + l.backward.underflows, sampled)));
    }
  }
  return rows;
}

std::string figure_html(const char* id, const char* title, const char* caption,
                        const std::string& command) {
  return fmt::format(
      "<figure><h3>{1}</h3><div class=\"plot\" id=\"{0}\" role=\"img\" aria-label=\"{1}\"></div>"
      "<figcaption>{2} Made by <code>{3}</code>.</figcaption></figure>\n",
      id, title, caption, escape_html(command));
}

std::string layers_html(const comparison& c) {
  const std::string summaries = layer_summaries_html(c);
  if (summaries.empty()) return {};
  return "<section id=\"layers\">\n<h2>Layers</h2>\n<p>Of the trained parameters, on one batch of "
         "training data with "
         "fixed dropout masks. Gain: the least-squares coefficient of a layer's product against "
         "the exact product of "
         "the same operands. Cosine: between a weight's gradient and the gradient that exact "
         "arithmetic gives with "
         "the same parameters and masks. Overflows and underflows are among sampled products, "
         "forward and backward: a "
         "result that is infinite, or zero, with operands that are not.</p>\n"
         "<div class=\"scroll\"><table class=\"cards\">\n<thead><tr>" +
         heads_html({"arm", "seed"},
                    {"gain, mean", "least", "greatest", "cosine, mean", "least", "zeros, outputs",
                     "gradients", "not finite", "overflows", "underflows", "of products"}) +
         "</tr></thead>\n<tbody>" + summaries +
         "</tbody></table></div>\n<div class=\"choices\" id=\"layer-recipe-choices\"></div><div "
         "class=\"pair\">" +
         figure_html(
             "gains", "Gain of each layer",
             "Layers from the input at the top to the output. A gain of 1 is exact. Arms whose "
             "gain is "
             "negative, because they sum differences, are shown by their name in the legend.",
             c.command) +
         figure_html("cosines", "Cosine of each gradient",
                     "Weights alone; the gradient of exact arithmetic has cosine 1.", c.command) +
         "</div>\n<details><summary>All layers</summary>\n<div class=\"filters\" "
         "id=\"layer-filters\"></div>"
         "<div class=\"scroll\"><table class=\"cards\" id=\"layer-table\">\n<thead><tr>" +
         heads_html({"layer", "recipe", "arm"},
                    {"gain", "norm ratio", "gradient cosine", "gradient norm ratio",
                     "zeros, output", "zeros, gradient", "overflows", "underflows"}) +
         "</tr></thead>\n<tbody>" + layer_rows_html(c) +
         "</tbody></table></div></details>\n</section>\n";
}

std::string digest_cell(const char* label, const std::string& digest) {
  if (digest.empty()) return fmt::format("<td data-label=\"{}\">&ndash;</td>", label);
  return fmt::format("<td data-label=\"{}\"><code title=\"{}\">{}</code></td>", label,
                     escape_html(digest), escape_html(digest.substr(0, kHashPrefix)));
}

std::string runs_html(const comparison& c) {
  std::string html;
  for (const training_run& run : c.runs) {
    std::string status(name_of(run.status));
    const bool bad = run.status != run_status::finished;
    if (run.diverged_at) status += fmt::format(" at step {}", *run.diverged_at);
    html += fmt::format(
        "<tr><th>{}</th><td data-label=\"recipe\">{}</td><td data-label=\"seed\">{}</td>"
        "<td data-label=\"status\"{}>{}</td><td data-label=\"metric\">{}</td>{}{}{}{}{}"
        "<td data-label=\"commit\"><code>{}</code></td>{}{}"
        "<td data-label=\"folder\"><code>{}</code></td></tr>\n",
        escape_html(run.arm()), escape_html(run.recipe), escape_html(run.seed),
        bad ? " class=\"status-bad\"" : "", status, escape_html(run.metric),
        number_cell("value", run.value, 4), number_cell("valid. loss", run.valid_loss, 4),
        number_cell("steps", static_cast<double>(run.steps), 0),
        number_cell("epochs", static_cast<double>(run.epochs), 0),
        number_cell("rate, wall time", run.throughput, 0, run.throughput_unit),
        escape_html(run.commit.empty() ? "–" : short_commit(run.commit)),
        digest_cell("parameters", run.parameters_sha256),
        digest_cell("verification", run.verification),
        escape_html(run.folder.filename().empty() ? run.folder.string()
                                                  : run.folder.filename().string()));
  }
  return html;
}

std::string curve_html(const char* id, const char* title, const char* caption,
                       const std::string& command) {
  return fmt::format(
      "<figure><h3>{1}</h3><div class=\"choices\" id=\"{0}-choices\"></div>"
      "<div class=\"plot\" id=\"{0}\" role=\"img\" aria-label=\"{1}\"></div>"
      "<figcaption>{2} Made by <code>{3}</code>.</figcaption></figure>\n",
      id, title, caption, escape_html(command));
}

std::string curves_html(const comparison& c) {
  return "<div class=\"choices\" id=\"recipe-choices\"></div><div class=\"pair\">" +
         curve_html("training", "Training loss",
                    "Loss of the steps; long runs are thinned by means over equally many steps. "
                    "Colour: arm; line style: seed.",
                    c.command) +
         curve_html("validation", "Validation loss", "Loss on the validation set after each epoch.",
                    c.command) +
         "</div>";
}

std::string list_html(const std::vector<std::string>& hazards,
                      const std::vector<std::string>& problems) {
  std::string html;
  for (const std::string& problem : problems) {
    html += fmt::format("<li class=\"status-bad\">not read: {}</li>", escape_html(problem));
  }
  for (const std::string& hazard : hazards) {
    html += fmt::format("<li>{}</li>", escape_html(hazard));
  }
  return html.empty() ? "<li>None was found in the files of these runs.</li>" : html;
}

// A sentence for each recipe whose runs say how large their data were.
std::string sizes_text(const comparison& c) {
  std::string text;
  for (const std::string& recipe : recipes_of(c)) {
    const std::string data = data_text(c, recipe);
    if (!data.empty()) text += fmt::format(" {}: {}.", recipe, data);
  }
  return text;
}

// Gains of an arm's layers and cosines of its weights' gradients.
nlohmann::ordered_json layer_figure(const arm_summary& arm) {
  const run_statistics& s = *arm.layers->run->statistics;
  nlohmann::ordered_json figure = {{"recipe", arm.recipe}, {"arm", arm.arm}};
  for (const char* const key : {"layers", "gains", "weights", "cosines"}) {
    figure[key] = nlohmann::ordered_json::array();
  }
  for (const layer_statistics& l : s.layers) {
    if (!l.gain) continue;
    figure["layers"].push_back(l.name);
    figure["gains"].push_back(*l.gain);
  }
  for (const layer_statistics& l : s.layers) {
    const gradient_statistics* const g = gradient_of(s, l.name);
    if (g == nullptr || !g->cosine) continue;
    figure["weights"].push_back(l.name);
    figure["cosines"].push_back(*g->cosine);
  }
  return figure;
}

}  // namespace

std::string render_comparison_page(const comparison& c, const nlohmann::ordered_json& json,
                                   const std::string& plotly) {
  nlohmann::ordered_json figures = {{"curves", json["curves"]}};
  auto& arms = figures["arms"] = nlohmann::ordered_json::array();
  for (const arm_summary& arm : c.arms) arms.push_back(arm.arm);
  auto& layers = figures["layers"] = nlohmann::ordered_json::array();
  for (const arm_summary& arm : c.arms) {
    if (arm.layers) layers.push_back(layer_figure(arm));
  }
  std::string cost = cost_html(c);
  if (const std::size_t end = cost.rfind("</section>"); end != std::string::npos) {
    cost.insert(end, operators_html(c));
  }
  const std::string bootstrap = bootstrap_html(c);
  const std::string losses = losses_html(c);
  const std::string layer_section = layers_html(c);
  std::string contents = "<a href=\"#arms\">Arithmetics</a>";
  if (!bootstrap.empty()) contents += " <a href=\"#bootstrap\">Bootstrap</a>";
  contents += " <a href=\"#curves\">Learning curves</a>";
  if (!cost.empty()) contents += " <a href=\"#cost\">Speed and cost</a>";
  if (!losses.empty()) contents += " <a href=\"#losses\">Loss</a>";
  if (!layer_section.empty()) contents += " <a href=\"#layers\">Layers</a>";
  contents += " <a href=\"#runs\">Runs</a> <a href=\"#hazards\">Hazards</a>";
  return fill_template("comparison.html",
                       {{"style", std::string(template_text("page.css"))},
                        {"contents", contents},
                        {"recipes", escape_html(fmt::format("{}", fmt::join(recipes_of(c), ", ")))},
                        {"environment", environment_html(json["environment"], c.command)},
                        {"shared", escape_html(shared_text(c) + sizes_text(c))},
                        {"arms", arms_html(c)},
                        {"bootstrap", bootstrap},
                        {"cost", cost},
                        {"losses", losses},
                        {"layers", layer_section},
                        {"curves", curves_html(c)},
                        {"runs", runs_html(c)},
                        {"hazards", list_html(c.hazards, c.problems)},
                        {"command", escape_html(c.command)},
                        {"data", script_json(figures)},
                        {"plotly", plotly},
                        {"shared_script", std::string(template_text("page.js"))},
                        {"script", std::string(template_text("comparison.js"))}});
}

}  // namespace pamkit::reports
