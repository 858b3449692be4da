#include <fmt/format.h>

#include <algorithm>

#include "comparison_tables.hpp"
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

std::string arms_html(const comparison& c) {
  std::string html;
  const std::string* recipe = nullptr;
  for (const arm_summary& arm : c.arms) {
    const bool first = recipe == nullptr || *recipe != arm.recipe;
    recipe = &arm.recipe;
    const auto finished = std::ranges::count(arm.runs, run_status::finished, &training_run::status);
    const std::optional<double> rate =
        arm.throughput ? std::optional(arm.throughput->mean) : std::nullopt;
    const bool all = finished == static_cast<std::ptrdiff_t>(arm.runs.size());
    html += fmt::format(
        "<tr{}><th>{}<span class=\"exact small\">{}</span></th>"
        "<td class=\"number\" data-label=\"runs\" data-value=\"{}\"><span{}>{}</span></td>"
        "<td data-label=\"metric\">{}</td>{}{}{}{}{}{}</tr>\n",
        first ? " class=\"group\"" : "", escape_html(arm.arm), escape_html(arm.recipe), finished,
        all ? "" : " class=\"status-bad\"",
        all ? std::to_string(finished)
            : fmt::format("{} of {} finished", finished, arm.runs.size()),
        escape_html(arm.metric), estimate_cell("value", arm.value, false),
        estimate_cell("minus exact", arm.value_difference, true),
        estimate_cell("valid. loss", arm.valid_loss, false),
        estimate_cell("minus exact", arm.valid_loss_difference, true),
        number_cell("rate", rate, 0, arm.throughput_unit), number_cell("speed", arm.speed, 2));
  }
  return html;
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
        "<td data-label=\"status\"{}>{}</td><td data-label=\"metric\">{}</td>{}{}{}{}{}{}{}"
        "<td data-label=\"folder\"><code>{}</code></td></tr>\n",
        escape_html(run.arm()), escape_html(run.recipe), escape_html(run.seed),
        bad ? " class=\"status-bad\"" : "", status, escape_html(run.metric),
        number_cell("value", run.value, 4), number_cell("valid. loss", run.valid_loss, 4),
        number_cell("steps", static_cast<double>(run.steps), 0),
        number_cell("epochs", static_cast<double>(run.epochs), 0),
        number_cell("rate", run.throughput, 0, run.throughput_unit),
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

}  // namespace

std::string render_comparison_page(const comparison& c, const nlohmann::ordered_json& json,
                                   const std::string& plotly) {
  nlohmann::ordered_json figures = {{"curves", json["curves"]}};
  auto& arms = figures["arms"] = nlohmann::ordered_json::array();
  for (const arm_summary& arm : c.arms) arms.push_back(arm.arm);
  return fill_template("comparison.html",
                       {{"style", std::string(template_text("page.css"))},
                        {"environment", environment_html(json["environment"], c.command)},
                        {"arms", arms_html(c)},
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
