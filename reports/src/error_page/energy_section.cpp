#include <fmt/format.h>

#include <algorithm>

#include "energy/energy_model.hpp"
#include "error_page/numbers.hpp"
#include "error_page/sections.hpp"
#include "page.hpp"

namespace pamkit::reports {
namespace {

constexpr int kDigits = 3;  // as the constants

std::string constant_cell(double value) {
  return fmt::format("<td class=\"number\">{}</td>",
                     value == 0 ? std::string("none") : number(value, kDigits));
}

std::string constants_html() {
  std::string rows;
  for (const energy_constants& c : kEnergyConstants) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(c.node));
    for (const double value :
         {c.integer_add_8, c.integer_add_32, c.float_add_binary16, c.float_add_bfloat16,
          c.float_add_binary32, c.float_multiply_binary16, c.float_multiply_bfloat16,
          c.float_multiply_binary32}) {
      rows += constant_cell(value);
    }
    rows += fmt::format("<td class=\"wrapped\">{}</td></tr>\n", escape_html(c.source));
  }
  return "<h3>Constants, pJ</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
         "aria-label=\"energy constants\">"
         "<table><thead><tr><th>process</th><th class=\"number\">integer +, 8 bits</th>"
         "<th class=\"number\">integer +, 32 bits</th><th class=\"number\">float +, binary16</th>"
         "<th class=\"number\">float +, bfloat16</th><th class=\"number\">float +, binary32</th>"
         "<th class=\"number\">float &times;, binary16</th><th class=\"number\">float &times;, "
         "bfloat16</th>"
         "<th class=\"number\">float &times;, binary32</th><th>source</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

std::string model_html() {
  std::string rows;
  for (const std::string_view name : {"exact", "pam", "l_mul", "adder", "power_of_two"}) {
    const product_cost& cost = *find_product_cost(name);
    rows += fmt::format("<li><b>{}</b>: {}.</li>", name, escape_html(cost.why));
  }
  return "<ul class=\"plain\">" + rows + "</ul>";
}

std::string rows_html(const nlohmann::ordered_json& terms) {
  std::string rows;
  for (const auto& term : terms) {
    const bool known = term.contains("total");
    rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td>",
                        escape_html(term.value("node", "")), escape_html(term.value("format", "")),
                        escape_html(term.value("arithmetic", "")));
    if (!known) {
      rows += "<td colspan=\"4\">no published constant</td></tr>\n";
      continue;
    }
    const auto at = [&](const char* name) { return number(term.at(name).get<double>(), kDigits); };
    rows += fmt::format(
        "<td class=\"number\">{}{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>"
        "<td class=\"number\">{}</td></tr>\n",
        at("product"), term.value("interpolated", false) ? "*" : "", at("accumulation"),
        at("total"), term.contains("of_exact") ? at("of_exact") : std::string());
  }
  return rows;
}

}  // namespace

nlohmann::ordered_json energy_json(const report_view& report) {
  nlohmann::ordered_json terms = nlohmann::ordered_json::array();
  for (const energy_constants& node : kEnergyConstants) {
    for (const std::string& name : report.formats()) {
      const auto format = format_of(name);
      // Formats that differ from binary32 in dropped bits alone take the same units.
      if (!format || format->dropped_bits != 0) continue;
      const auto exact = energy_of_term(node, *format, "exact");
      for (const std::string& arithmetic : report.arithmetics()) {
        if (find_product_cost(arithmetic) == nullptr) continue;
        nlohmann::ordered_json term = {
            {"node", node.node}, {"format", name}, {"arithmetic", arithmetic}};
        if (const auto row = energy_of_term(node, *format, arithmetic)) {
          term["product"] = row->product;
          term["accumulation"] = row->accumulation;
          term["total"] = row->total();
          term["interpolated"] = row->interpolated;
          if (exact) term["of_exact"] = row->total() / exact->total();
        }
        terms.push_back(std::move(term));
      }
    }
  }
  return terms;
}

std::string energy_html(const report_view& report) {
  const nlohmann::ordered_json terms = energy_json(report);
  std::string exclusions;
  for (const std::string_view sentence : energy_exclusions()) {
    exclusions += fmt::format("<li>{}</li>", escape_html(sentence));
  }
  return "<p>A model, not a measurement: the energy of one term of a sum of products, as the "
         "published energies of the "
         "operations that the term takes, added up. A term is a product in the operands' format "
         "and one binary32 "
         "addition to the accumulator. A product takes</p>" +
         model_html() + constants_html() +
         "<h3>Energy per term, pJ</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
         "aria-label=\"energy per "
         "term\"><table "
         "class=\"sortable\"><thead><tr><th>process</th><th>format</th><th>arithmetic</th>"
         "<th class=\"number\">product</th><th class=\"number\">accumulation</th><th "
         "class=\"number\">total</th>"
         "<th class=\"number\">of exact</th></tr></thead><tbody>" +
         rows_html(terms) +
         "</tbody></table></div><p class=\"small\">* a 16-bit integer addition, linear between 8 "
         "and 32 bits.</p>" +
         figure_html(
             {.kind = "energy",
              .subject = "term",
              .title = "Energy per term",
              .caption =
                  "Product and accumulation; bars are missing where no constant was published."},
             report.command) +
         "<h3>Not counted</h3><ul class=\"plain\">" + exclusions + "</ul>";
}

}  // namespace pamkit::reports
