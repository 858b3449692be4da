#include <fmt/format.h>

#include <algorithm>

#include "error_page/numbers.hpp"
#include "error_page/sections.hpp"
#include "page.hpp"

namespace pamkit::reports {
namespace {

std::string sort_value(const bound_row* row) {
  return row == nullptr ? "" : fmt::format(" data-value=\"{}\"", row->value_text);
}

std::string cell(const bound_row* row) {
  return fmt::format("<td class=\"number\"{}>{}</td>", sort_value(row),
                     row == nullptr ? "" : value_html(*row));
}

// A value with the operand encodings below it.
std::string extreme_cell(const bound_row* row) {
  if (row == nullptr) return cell(row);
  const std::string exact = short_fraction(*row);
  std::string hex;
  for (const std::string& operand : row->operands)
    hex += (hex.empty() ? "" : " ") + escape_html(operand);
  return fmt::format("<td class=\"number\"{}>{}{}<span class=\"at hex\">{}</span></td>",
                     sort_value(row), value_html(*row),
                     exact.empty() ? exact : fmt::format("<span class=\"at\">= {}</span>", exact),
                     hex);
}

std::string domain_text(const bound_set& set) {
  std::string text = set.domain;
  for (const std::string& more : {set.data, set.shape}) {
    if (!more.empty()) text += ", " + more;
  }
  return escape_html(text);
}

}  // namespace

std::string all_rows_html(const report_view& report) {
  std::string html;
  for (const bound_set& set : report.sets) {
    const bound_row& known = set.least() == nullptr ? set.rows.front() : *set.least();
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td data-filter=\"{}\">{}<span "
        "class=\"at\">{}</span></td>{}{}{}{}{}{}</tr>\n",
        escape_html(set.operation), escape_html(set.format), escape_html(set.arithmetic),
        escape_html(set.policy), domain_text(set), escape_html(known.evidence),
        evidence_label(known.evidence), grouped(known.cases), extreme_cell(set.least()),
        extreme_cell(set.greatest()), cell(set.mean()), cell(set.find("rms_relative")),
        cell(set.find("error_probability")), cell(set.find("max_ulp")));
  }
  return html;
}

std::string ranges_figures_html(const report_view& report) {
  return figure_html(
      {.kind = "ranges",
       .subject = "all",
       .title = "Range and mean, format by format",
       .caption = "One panel for each format: from the least to the greatest error, the mean as a "
                  "point, over fractions where there is that domain, else in range."},
      report.command);
}

}  // namespace pamkit::reports
