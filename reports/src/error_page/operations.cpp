#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "error_page/numbers.hpp"
#include "error_page/sections.hpp"
#include "measured_operation.hpp"
#include "page.hpp"

namespace pamkit::reports {
namespace {

struct description {
  std::string_view operation;
  std::string_view text;  ///< HTML
};
constexpr std::array kDescriptions = {
    description{
        "mul",
        "The product: the sum of the two encodings as integers, less the encoding of 1. Its "
        "relative error depends on the fractions Fx and Fy alone."},
    description{
        "div",
        "The quotient: the difference of the two encodings as integers, plus the encoding of 1. "
        "Its relative error depends on the fractions alone."},
    description{"exp2",
                "2<sup>x</sup>: the argument, scaled by the fraction's unit, is the encoding."},
    description{"log2", "The binary logarithm: the encoding, scaled back, is the number."},
    description{
        "exp",
        "e<sup>x</sup> as exp2 of a product with log2 e. That product errs by a share of its "
        "value, so the error of the power grows with the argument and has no uniform bound."},
    description{"log", "The natural logarithm as a product of log2 with ln 2."},
    description{"pow", "a<sup>b</sup> as exp2 of the product of b and log2 a."},
    description{"sqrt", "The square root: half the logarithm, raised again."},
};

// The widest measured set of each arithmetic and domain.
std::vector<const bound_set*> widest_sets(const report_view& report, const std::string& operation) {
  std::vector<const bound_set*> chosen;
  for (const bound_set* set : report.of(operation)) {
    if (set->least() == nullptr || repeats_uncompensated(report, *set)) continue;
    const auto same = std::ranges::find_if(chosen, [&](const bound_set* c) {
      return c->arithmetic == set->arithmetic && c->domain == set->domain &&
             c->policy == set->policy;
    });
    if (same == chosen.end()) {
      chosen.push_back(set);
    } else if (width_of(set->format) > width_of((*same)->format)) {
      *same = set;
    }
  }
  return chosen;
}

std::string explain_command(const bound_set& set, const bound_row& row) {
  std::string command = "./pamkit explain " + set.operation;
  for (const std::string& hex : row.operands) command += " " + hex;
  if (set.format != "binary32") command += " --format " + set.format;
  if (set.arithmetic != "pam") command += " --arithmetic " + set.arithmetic;
  if (set.policy != "flush") command += " --policy " + set.policy;
  return command;
}

std::string case_row(const bound_set& set, const char* which, const bound_row* row) {
  const auto format = format_of(set.format);
  if (row == nullptr || row->operands.empty() || !format) return "";
  std::string operands;
  for (const std::string& hex : row->operands) {
    operands += fmt::format("<span class=\"operand\">{}</span>", decoded_html(*format, hex));
  }
  const std::string exact = short_fraction(*row);
  return fmt::format(
      "<tr><td data-label=\"arithmetic\">{}</td><td data-label=\"over\"><span>{}<span "
      "class=\"at\">{}</span></span></td><td data-label=\"error\"><span>{} {}</span></td>"
      "<td class=\"number\" data-label=\"value\"><span>{}{}</span></td>"
      "<td data-label=\"operands\"><span>{}</span></td><td data-label=\"result\"><span "
      "class=\"operand\">{}</span></td><td data-label=\"step by step\"><code>{}</code></td></tr>\n",
      escape_html(set.arithmetic), escape_html(set.format), escape_html(set.domain), which,
      evidence_label(row->evidence), value_html(*row),
      exact.empty() ? exact : fmt::format("<span class=\"at\">= {}</span>", exact), operands,
      decoded_html(*format, row->result), escape_html(explain_command(set, *row)));
}

// Whether the fractions' set has the same extreme: then that in range is attained at the same
// operands.
bool repeats_fractions(const std::vector<const bound_set*>& sets, const bound_set& set,
                       const bound_row* row) {
  if (row == nullptr || set.domain == "fractions") return false;
  return std::ranges::any_of(sets, [&](const bound_set* other) {
    const bound_row* same = other->find(row->metric);
    return other->domain == "fractions" && other->arithmetic == set.arithmetic &&
           other->format == set.format && same != nullptr && same->operands == row->operands;
  });
}

std::string cases_html(const report_view& report, const std::string& operation) {
  std::string rows;
  const std::vector<const bound_set*> sets = widest_sets(report, operation);
  for (const bound_set* set : sets) {
    for (const auto& [which, row] :
         {std::pair("least", set->least()), std::pair("greatest", set->greatest()),
          std::pair("most ulp", set->find("max_ulp"))}) {
      if (!repeats_fractions(sets, *set, row)) rows += case_row(*set, which, row);
    }
  }
  if (rows.empty()) return "";
  return "<h3>Worst cases</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
         "aria-label=\"worst cases of " +
         escape_html(operation) +
         "\"><table class=\"cards cases\"><thead><tr><th>arithmetic</th><th>format, "
         "domain</th><th>error</th>"
         "<th class=\"number\">value</th><th>operands</th><th>result</th><th>step by "
         "step</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

// Every metric of the first arithmetic, a column for each format.
std::string metrics_html(const report_view& report, const std::string& operation) {
  const auto sets = report.of(operation);
  std::vector<const bound_set*> columns;
  for (const bound_set* set : sets) {
    if (set->arithmetic == sets.front()->arithmetic && set->domain == sets.front()->domain &&
        set->policy == sets.front()->policy) {
      columns.push_back(set);
    }
  }
  if (columns.empty()) return "";
  std::string head;
  std::vector<std::string> metrics;
  for (const bound_set* set : columns) {
    head += fmt::format("<th class=\"number\">{}</th>", escape_html(set->format));
    for (const bound_row& row : set->rows) {
      if (std::ranges::find(metrics, row.metric) == metrics.end()) metrics.push_back(row.metric);
    }
  }
  std::string body;
  for (const std::string& metric : metrics) {
    body += fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(metric));
    for (const bound_set* set : columns) {
      const bound_row* row = set->find(metric);
      body += fmt::format("<td class=\"number\">{}</td>", row == nullptr ? "" : value_html(*row));
    }
    body += "</tr>\n";
  }
  return fmt::format(
      "<h3>Every metric of {}, {}</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"metrics of {}\"><table "
      "class=\"metrics\"><thead><tr><th>metric</th>{}</tr></thead>"
      "<tbody>{}</tbody></table></div>",
      escape_html(sets.front()->arithmetic), escape_html(sets.front()->domain),
      escape_html(operation), head, body);
}

bool has(const report_view& report, std::string_view list, const std::string& operation,
         std::string_view by = {}) {
  return std::ranges::any_of(report.list(list), [&](const nlohmann::ordered_json& entry) {
    return entry.value("operation", "") == operation && (by.empty() || entry.value("by", "") == by);
  });
}

std::string edge_text(const std::string& operation) {
  if (operation == "mul") {
    return "Dashed: the edge Fx + Fy = 1, moved by a compensation f to 1 &minus; f, where the "
           "exponent takes "
           "the carry; the extremes lie on it and at the corners.";
  }
  return "Dashed: the edge Fx = Fy, moved by a compensation f to Fy &minus; f, where the exponent "
         "lends.";
}

std::string figures_html(const report_view& report, const std::string& operation) {
  const std::string name = escape_html(operation);
  std::string html;
  const auto add = [&](const figure& f) { html += figure_html(f, report.command); };
  if (has(report, "maps", operation)) {
    add({.kind = "map",
         .subject = operation,
         .title = "Error over the fraction pairs",
         .caption =
             "Relative error of evaluated encodings, white at 0, blue below, red above, on a scale "
             "symmetric about 0. " +
             edge_text(operation),
         .square = true});
  }
  if (has(report, "histograms", operation)) {
    add({.kind = "histogram",
         .subject = operation,
         .title = "Signed histogram",
         .caption =
             "Density of the signed relative error over the fraction pairs, from the least to the "
             "greatest error of each arithmetic."});
  }
  if (has(report, "curves", operation)) {
    add({.kind = "curve",
         .subject = operation,
         .title = "Error against the argument",
         .caption = "Signed error of encoded results."});
  }
  if (has(report, "bands", operation, "unit")) {
    add({.kind = "growth",
         .subject = operation,
         .title = "Growth of the error with the argument",
         .caption = "Least and greatest relative error between neighbouring whole arguments, every "
                    "operand of "
                    "the format taken; the scale is logarithmic above 1 % and linear below."});
  }
  if (has(report, "bands", operation, "binade")) {
    add({.kind = "binades",
         .subject = operation,
         .title = "Error by binade of the argument",
         .caption = "Least and greatest signed error over every operand of each binade. Negative "
                    "arguments left, "
                    "positive right."});
  }
  if (has(report, "range_ends", operation)) {
    add({.kind = "range",
         .subject = operation,
         .title = "Error against exponent near the ends of the range",
         .caption = "Above: least and greatest error of finite results; a flushed result has the "
                    "relative error "
                    "-1. Below: what share of the results is normal, subnormal, zero or "
                    "overflowed. The exponent is "
                    "that of the result before the carry for products and quotients, else of the "
                    "operand."});
  }
  return html.empty() ? html : "<div class=\"pair\">" + html + "</div>";
}

bool is_elementwise(const std::string& operation) {
  return find_measured_operation(operation) != nullptr;
}

}  // namespace

std::string figure_html(const figure& f, const std::string& command) {
  return fmt::format(
      "<figure><h3>{0}</h3><div class=\"choices\"></div><div class=\"plot{1}\" id=\"{2}-{3}\" "
      "data-figure=\"{2}\" data-subject=\"{3}\" role=\"img\" aria-label=\"{0}: {3}\"></div>"
      "<figcaption>{4} Made by <code>{5}</code>.</figcaption></figure>\n",
      f.title, f.square ? " square" : "", f.kind, escape_html(f.subject), f.caption,
      escape_html(command));
}

std::string operations_html(const report_view& report) {
  std::string html;
  for (const std::string& operation : report.operations()) {
    if (!is_elementwise(operation)) continue;
    const auto text = std::ranges::find(kDescriptions, operation, &description::operation);
    html += fmt::format("<section id=\"op-{0}\"><h2>{0}</h2><p>{1}</p>{2}{3}{4}</section>\n",
                        escape_html(operation), text == kDescriptions.end() ? "" : text->text,
                        cases_html(report, operation), figures_html(report, operation),
                        metrics_html(report, operation));
  }
  return html;
}

std::string operation_links_html(const report_view& report) {
  std::string html;
  for (const std::string& operation : report.operations()) {
    if (is_elementwise(operation)) {
      html += fmt::format("<a href=\"#op-{0}\">{0}</a> ", escape_html(operation));
    }
  }
  return html;
}

}  // namespace pamkit::reports
