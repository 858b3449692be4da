#include <fmt/format.h>

#include <algorithm>

#include "error_page/numbers.hpp"
#include "error_page/sections.hpp"
#include "measured_operation.hpp"
#include "page.hpp"

namespace pamkit::reports {
namespace {

std::string metric_cell(const bound_set& set, const std::string& metric) {
  const bound_row* row = set.find(metric);
  if (row == nullptr) return "<td></td>";
  const auto format = format_of(set.format);
  std::string below;
  if (const std::string exact = short_fraction(*row); !exact.empty()) {
    below += fmt::format("<span class=\"at\">= {}</span>", exact);
  }
  for (const std::string& hex : row->operands) {
    below += fmt::format("<span class=\"at\">{}</span>",
                         format ? encoding_html(*format, hex) : escape_html(hex));
  }
  return fmt::format("<td class=\"number\" data-value=\"{}\">{}{}</td>", row->value_text,
                     value_html(*row), below);
}

std::string set_row(const bound_set& set, const std::vector<std::string>& metrics) {
  const bound_row& first = set.rows.front();
  std::string html = fmt::format(
      "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}<span class=\"at\">{}</span></td>",
      escape_html(set.arithmetic), escape_html(set.format), escape_html(set.data),
      escape_html(set.shape), evidence_label(first.evidence), grouped(first.cases));
  for (const std::string& metric : metrics) html += metric_cell(set, metric);
  return html + "</tr>\n";
}

std::string composed_table(const report_view& report, const std::string& operation) {
  const auto sets = report.of(operation);
  std::vector<std::string> metrics;
  std::vector<std::string> notes;
  for (const bound_set* set : sets) {
    for (const bound_row& row : set->rows) {
      if (std::ranges::find(metrics, row.metric) == metrics.end()) metrics.push_back(row.metric);
      if (!row.note.empty() && std::ranges::find(notes, row.note) == notes.end()) {
        notes.push_back(row.note);
      }
    }
  }
  std::string head;
  for (const std::string& metric : metrics) {
    head += fmt::format("<th class=\"number\">{}</th>", escape_html(metric));
  }
  std::string body;
  for (const bound_set* set : sets) body += set_row(*set, metrics);
  std::string remarks;
  for (const std::string& note : notes) remarks += fmt::format("<li>{}</li>", escape_html(note));
  return fmt::format(
      "<h3 id=\"op-{0}\">{0}</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{0}\"><table class=\"sortable\"><thead><tr><th>arithmetic</th><th>format</th>"
      "<th>data</th><th>shape</th><th>evidence, "
      "cases</th>{1}</tr></thead><tbody>{2}</tbody></table></div>{3}",
      escape_html(operation), head, body,
      remarks.empty() ? remarks : "<ul class=\"plain small\">" + remarks + "</ul>");
}

}  // namespace

std::string composed_html(const report_view& report) {
  std::string html;
  for (const std::string& operation : report.operations()) {
    if (find_measured_operation(operation) == nullptr) html += composed_table(report, operation);
  }
  return html.empty() ? "<p>None was measured.</p>" : html;
}

std::string compensation_html(const report_view& report) {
  std::string rows;
  std::vector<std::string> operations;
  for (const auto& sweep : report.list("compensation")) {
    const std::string operation = sweep.value("operation", "");
    if (std::ranges::find(operations, operation) == operations.end())
      operations.push_back(operation);
    rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td>", escape_html(operation),
                        escape_html(sweep.value("arithmetic", "")),
                        escape_html(sweep.value("format", "")));
    for (const char* offset : {"offset_zero_mean", "offset_minimax", "offset_least_rms"}) {
      constexpr int kFoundDigits = 12;
      rows += fmt::format("<td class=\"number\">{}</td>",
                          number(sweep.at(offset).get<double>(), kFoundDigits));
    }
    rows += "</tr>\n";
  }
  if (rows.empty()) return "<p>No sweep was made.</p>";
  std::string html =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"offsets "
      "found\"><table><thead><tr>"
      "<th>operation</th><th>arithmetic</th><th>format</th><th class=\"number\">zero mean error at "
      "f</th>"
      "<th class=\"number\">least greatest error at f</th><th class=\"number\">least RMS error at "
      "f</th></tr>"
      "</thead><tbody>" +
      rows + "</tbody></table></div><div class=\"pair\">";
  for (const std::string& operation : operations) {
    html += figure_html(
        {.kind = "compensation",
         .subject = operation,
         .title = "Error against the compensation",
         .caption =
             "Least, greatest, mean and RMS relative error where the fraction f of a binade is "
             "added to the sum of the encodings. Marked: the offsets that the search found."},
        report.command);
  }
  return html + "</div>";
}

}  // namespace pamkit::reports
