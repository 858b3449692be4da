#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "error_page/numbers.hpp"
#include "error_page/sections.hpp"
#include "page.hpp"

namespace pamkit::reports {
namespace {

constexpr std::array<std::string_view, 3> kEvidence = {"proved", "exhaustive", "sampled"};
constexpr std::array<std::string_view, 2> kDomains = {"fractions", "in-range"};

std::string operands_html(const bound_set& set, const bound_row& row) {
  const auto format = format_of(set.format);
  std::string html;
  for (const std::string& hex : row.operands) {
    html += fmt::format("<span class=\"at\">{}</span>",
                        format ? encoding_html(*format, hex) : escape_html(hex));
  }
  return html;
}

std::string extreme_cell(const char* label, const bound_set& set, const bound_row* row) {
  if (row == nullptr) return fmt::format("<td class=\"number\" data-label=\"{}\"></td>", label);
  const std::string exact = short_fraction(*row);
  return fmt::format(
      "<td class=\"number\" data-label=\"{}\"><span>{}{}{}</span></td>", label, value_html(*row),
      exact.empty() ? exact : fmt::format(" <span class=\"faint\">= {}</span>", exact),
      operands_html(set, *row));
}

std::string mean_cell(const char* label, const bound_set& set, const bound_row* row) {
  if (row == nullptr) return fmt::format("<td class=\"number\" data-label=\"{}\"></td>", label);
  const bool other = set.least() != nullptr && set.least()->evidence != row->evidence;
  return fmt::format(
      "<td class=\"number\" data-label=\"{}\"><span>{}{}</span></td>", label, value_html(*row),
      other ? fmt::format("<span class=\"at\">{}</span>", escape_html(row->evidence)) : "");
}

std::string headline_row(const bound_set& set, bool first_of_operation) {
  const bound_row& least = *set.least();
  return fmt::format(
      "<tr{}><th scope=\"row\">{}{}</th><td data-label=\"arithmetic\">{}</td>"
      "<td data-label=\"known by\"><span>{}<span class=\"at\">{}, {}{}</span><span "
      "class=\"at\">{}&nbsp;cases</span></span></td>{}{}{}{}</tr>\n",
      first_of_operation ? " class=\"group\"" : "", escape_html(set.operation),
      set.absolute() ? "<span class=\"at\">absolute</span>" : "", escape_html(set.arithmetic),
      evidence_label(least.evidence), escape_html(set.format), escape_html(set.domain),
      set.data.empty() ? "" : ", " + escape_html(set.data) + " " + escape_html(set.shape),
      grouped(least.cases), extreme_cell("minimum", set, &least),
      extreme_cell("maximum", set, set.greatest()), mean_cell("mean", set, set.mean()),
      mean_cell("RMS", set, set.find("rms_relative")));
}

// The widest format's set, known in this way, over this domain; of encodings, or of the real
// numbers.
const bound_set* widest(const std::vector<const bound_set*>& sets, std::string_view arithmetic,
                        std::string_view evidence, std::string_view domain, bool encoded) {
  const bound_set* best = nullptr;
  for (const bound_set* set : sets) {
    const bound_row* least = set->least();
    if (least == nullptr || set->arithmetic != arithmetic || least->evidence != evidence ||
        set->domain != domain || (width_of(set->format) > 0) != encoded) {
      continue;
    }
    if (best == nullptr || width_of(set->format) > width_of(best->format)) best = set;
  }
  return best;
}

}  // namespace

std::string headline_rows_html(const report_view& report) {
  std::string html;
  const std::vector<std::string> arithmetics = report.arithmetics();
  if (arithmetics.empty()) return html;
  for (const std::string& operation : report.operations()) {
    bool first = true;
    const auto sets = report.of(operation);
    for (const std::string& arithmetic : arithmetics) {
      if (plain_name(arithmetic) != plain_name(arithmetics.front())) continue;
      for (const std::string_view evidence : kEvidence) {
        for (const std::string_view domain : kDomains) {
          for (const bool encoded : {false, true}) {
            const bound_set* set = widest(sets, arithmetic, evidence, domain, encoded);
            if (set == nullptr || repeats_uncompensated(report, *set)) continue;
            html += headline_row(*set, first);
            first = false;
          }
        }
      }
    }
  }
  return html;
}

}  // namespace pamkit::reports
