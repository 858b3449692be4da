#include <fmt/format.h>

#include "error_page/numbers.hpp"
#include "error_page/sections.hpp"
#include "page.hpp"

namespace pamkit::reports {
namespace {

using json_t = nlohmann::ordered_json;

std::string hex_html(const json_t& difference, const char* field) {
  return encoding_html(*format_of("binary32"), difference.at(field).get<std::string>());
}

std::string agreement_html(const json_t& set) {
  std::string html;
  const auto pairs = set.at("pairs").get<std::uint64_t>();
  for (const auto& [operation, equal] : set.at("equal").items()) {
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"number\">{}</td>"
        "<td class=\"number\">{}</td></tr>\n",
        escape_html(operation), escape_html(set.at("name").get<std::string>()),
        evidence_label(set.at("evidence").get<std::string>()), grouped(pairs),
        grouped(pairs - equal.get<std::uint64_t>()));
  }
  return html;
}

std::string difference_row(const json_t& set, const json_t& d) {
  const auto text = [&](const char* field) { return escape_html(d.at(field).get<std::string>()); };
  return fmt::format(
      "<tr><th scope=\"row\">{0}</th><td>{1}</td><td>{2}</td><td>{3}</td><td class=\"number\" "
      "data-value=\"{4}\">{5}</td><td class=\"number\" data-value=\"{6}\">{7}</td><td><span "
      "class=\"operand\">{8}</span>"
      "<span class=\"operand\">{9}</span></td><td><span class=\"operand\">{10}</span></td>"
      "<td><span class=\"operand\">{11}</span></td><td><code>./pamkit explain {0} {12} {13} "
      "--profile paper</code></td></tr>\n",
      text("operation"), text("operands"), text("kind"),
      escape_html(set.at("name").get<std::string>()), d.at("differs").dump(),
      grouped(d.at("differs").get<std::uint64_t>()), d.at("cases").dump(),
      grouped(d.at("cases").get<std::uint64_t>()), hex_html(d, "a"), hex_html(d, "b"),
      hex_html(d, "default"), hex_html(d, "paper"), text("a"), text("b"));
}

}  // namespace

std::string profile_html(const report_view& report) {
  const auto it = report.json.find("profile");
  if (it == report.json.end()) {
    return "<p>Not compared: the profile is one of pam over binary32, and this report has other "
           "arithmetics, formats or single operations alone.</p>";
  }
  std::string agreement, differences, descriptions;
  for (const json_t& set : it->at("sets")) {
    agreement += agreement_html(set);
    descriptions +=
        fmt::format("<dt>{}</dt><dd>{}</dd>", escape_html(set.at("name").get<std::string>()),
                    escape_html(set.at("description").get<std::string>()));
    for (const json_t& d : set.at("differences")) differences += difference_row(set, d);
  }
  return "<p>Profile <code>paper</code> repeats the kernels released with the paper bit by bit, "
         "where they decide "
         "zeros, subnormals, ends of the range and special values otherwise than the default "
         "profile (flush, "
         "infinity). Both were given the same binary32 pairs.</p><dl class=\"terms\">" +
         descriptions +
         "</dl><h3>How often</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
         "aria-label=\"agreement of the "
         "profiles\"><table><thead><tr><th>operation</th><th>pairs</th><th>evidence</th><th "
         "class=\"number\">cases</th>"
         "<th class=\"number\">differ</th></tr></thead><tbody>" +
         agreement + "</tbody></table></div>" +
         figure_html(
             {.kind = "profile",
              .subject = "paper",
              .title = "Where: pairs of exponent fields",
              .caption =
                  "Of each pair of biased exponents, the share of sign and fraction patterns whose "
                  "results differ.",
              .square = true},
             report.command) +
         "<h3>How</h3><div class=\"filters\"></div><div class=\"scroll\" tabindex=\"0\" "
         "role=\"region\" "
         "aria-label=\"differences of the profiles\"><table class=\"sortable cases\" "
         "data-filters=\"operation,operands,difference,pairs\"><thead><tr><th>operation</"
         "th><th>operands</th>"
         "<th>difference</th><th>pairs</th><th class=\"number\">differ</th><th "
         "class=\"number\">of</th>"
         "<th>example</th><th>default</th><th>paper</th><th>step by step</th></tr></thead><tbody>" +
         differences + "</tbody></table></div>";
}

}  // namespace pamkit::reports
