#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "error_tables.hpp"
#include "page.hpp"

namespace pamkit::reports {
namespace {

std::string number(double value, int digits) { return fmt::format("{:.{}g}", value, digits); }

// 8388608 as "8 388 608", with narrow no-break spaces.
std::string grouped(std::uint64_t n) {
  // Counts of all pairs of a wide format are powers of two too long to read.
  if (n >= (std::uint64_t{1} << 32) && std::has_single_bit(n)) {
    return fmt::format("2<sup>{}</sup>", std::countr_zero(n));
  }
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, "&#8239;");
  }
  return digits;
}

// 3FC00000 0|7F|400000
std::string encoding_html(const format_description& f, std::uint32_t bits) {
  const std::uint32_t magnitude = bits & f.magnitude_mask;
  return fmt::format(
      "<span class=\"hex\">{} <span class=\"split\">{}|{:0{}X}|{:0{}X}</span></span>",
      hex_of(f, bits), f.sign(bits) ? 1 : 0, magnitude >> f.fraction_bits,
      (f.exponent_bits + 3) / 4, magnitude & (f.min_normal - 1), (f.fraction_bits + 3) / 4);
}

std::string operands_html(const format_description& f, const bound& b) {
  std::string html;
  for (const std::uint32_t x : b.operands) {
    html += fmt::format("<span class=\"at\">{} = {}</span>", encoding_html(f, x),
                        number(static_cast<double>(value_of(f, x, subnormal_policy::gradual)), 9));
  }
  return html;
}

std::string suffix_of(const measurement& m) {
  return m.operation->absolute ? "_absolute" : "_relative";
}

// A fraction that says more than the decimal; those of wide operands are as long as the operands.
std::string exact_text(const bound& b) {
  constexpr std::size_t kLongest = 12;
  const bool whole = b.exact.ends_with("/1");
  return b.exact.size() <= kLongest && !whole ? escape_html(b.exact) : "";
}

std::string number_cell(const char* label, const bound* b, int digits) {
  if (b == nullptr) return fmt::format("<td class=\"number\" data-label=\"{}\"></td>", label);
  return fmt::format("<td class=\"number\" data-label=\"{}\" data-value=\"{}\">{}</td>", label,
                     b->value, number(b->value, digits));
}

// A value, as an exact fraction too, with the operands that attain it below.
std::string extreme_headline(const char* label, const format_description& f, const bound& b,
                             int digits) {
  const std::string exact = exact_text(b);
  return fmt::format(
      "<td class=\"number\" data-label=\"{}\" data-value=\"{}\"><span>{}{}{}</span></td>", label,
      b.value, number(b.value, digits),
      exact.empty() ? exact : fmt::format(" <span class=\"faint\">= {}</span>", exact),
      operands_html(f, b));
}

std::string evidence_html(const bound& range, const bound* mean) {
  std::string html =
      fmt::format("{}, {}&nbsp;cases", name_of(range.evidence), grouped(range.cases));
  if (mean != nullptr && mean->evidence != range.evidence) {
    html += fmt::format("<span class=\"exact\">mean: {}, {}&nbsp;cases</span>",
                        name_of(mean->evidence), grouped(mean->cases));
  }
  return html;
}

std::string headline_row(const error_tables& tables, const std::string& operation,
                         const std::string& arithmetic, bool first_of_operation) {
  const measurement& m = *headline(tables, operation, arithmetic);
  const std::string suffix = suffix_of(m);
  const bound& least = *m.find("min" + suffix);
  const bound& greatest = *m.find("max" + suffix);
  const bound* mean = m.find("mean" + suffix);
  constexpr int kDigits = 10;
  return fmt::format(
      "<tr{}><th>{}<span class=\"exact small\">{}{}</span></th>"
      "<td data-label=\"arithmetic\">{}</td>{}{}{}{}"
      "<td class=\"wrapped\" data-label=\"evidence\"><span>{}</span></td></tr>\n",
      first_of_operation ? " class=\"group\"" : "", escape_html(operation),
      m.operation->absolute ? "absolute, " : "", name_of(m.domain), escape_html(arithmetic),
      extreme_headline("minimum", m.format, least, kDigits),
      extreme_headline("maximum", m.format, greatest, kDigits), number_cell("mean", mean, kDigits),
      number_cell("RMS", m.find("rms_relative"), 8), evidence_html(least, mean));
}

std::string headline_html(const error_tables& tables) {
  std::string html;
  std::string previous;
  for (const auto& [operation, arithmetic] : headline_rows(tables)) {
    html += headline_row(tables, operation, arithmetic, operation != previous);
    previous = operation;
  }
  return html;
}

std::string headline_caption(const error_tables& tables) {
  std::vector<std::string> formats;
  for (const auto& [operation, arithmetic] : headline_rows(tables)) {
    const std::string& name = headline(tables, operation, arithmetic)->format.name;
    if (std::ranges::find(formats, name) == formats.end()) formats.push_back(name);
  }
  return fmt::format(
      "Signed relative error, approximate / ordinary - 1 (absolute where it says so), in {}. "
      "\"fractions\": every "
      "fraction once, exponents out of the way, before the last rounding; \"in-range\": every "
      "operand whose "
      "encoded result is normal and finite. A compensation acts in products and quotients alone; "
      "where it "
      "changes nothing its row is left out here.",
      escape_html(fmt::format("{}", fmt::join(formats, ", "))));
}

// A value with the operand encodings below it.
std::string extreme_cell(const measurement& m, const bound* b) {
  if (b == nullptr) return "<td class=\"number\"></td>";
  std::vector<std::string> hex;
  for (const std::uint32_t x : b->operands) hex.push_back(hex_of(m.format, x));
  const std::string exact = exact_text(*b);
  return fmt::format(
      "<td class=\"number\" data-value=\"{}\">{}{}<span class=\"at hex\">{}</span></td>", b->value,
      number(b->value, 8),
      exact.empty() ? exact : fmt::format(" <span class=\"faint\">= {}</span>", exact),
      fmt::join(hex, " "));
}

std::string all_rows_html(const error_tables& tables) {
  std::string html;
  for (const measurement& m : tables.measurements) {
    if (m.bounds.empty()) continue;
    const std::string suffix = suffix_of(m);
    const bound& least = *m.find("min" + suffix);
    const auto cell = [&](const char* metric, int digits) {
      return number_cell("", m.find(metric), digits);
    };
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>{}{}{}{}{}{}"
        "<td class=\"wrapped\">{}, {}</td></tr>\n",
        m.operation->name, escape_html(m.format.name), escape_html(m.arithmetic), name_of(m.policy),
        name_of(m.domain), extreme_cell(m, &least), extreme_cell(m, m.find("max" + suffix)),
        number_cell("", m.find("mean" + suffix), 8), cell("rms_relative", 6),
        cell("error_probability", 4), cell("max_ulp", 10), name_of(least.evidence),
        grouped(least.cases));
  }
  return html;
}

std::string absolute_note(const error_tables& tables) {
  std::vector<std::string_view> absolute;
  for (const measurement& m : tables.measurements) {
    if (m.operation->absolute && std::ranges::find(absolute, m.operation->name) == absolute.end()) {
      absolute.push_back(m.operation->name);
    }
  }
  if (absolute.empty()) return "Errors are relative.";
  return fmt::format("Errors are relative, those of {} absolute.", fmt::join(absolute, " and "));
}

std::string figure_html(const std::string& id, const std::string& plot_class, bool choices,
                        const std::string& title, const std::string& caption,
                        const std::string& command) {
  return fmt::format(
      "<figure><h3>{}</h3>{}<div class=\"{}\" id=\"{}\" role=\"img\" aria-label=\"{}\"></div>"
      "<figcaption>{} Made by <code>{}</code>.</figcaption></figure>\n",
      title, choices ? fmt::format("<div class=\"choices\" id=\"{}-choices\"></div>", id) : "",
      plot_class, id, title, caption, escape_html(command));
}

std::string maps_html(const error_tables& tables) {
  std::string html;
  for (const auto& [operation, title, edge] :
       {std::tuple("mul", "Products",
                   "where Fx + Fy reaches 1 (less the compensation) and the "
                   "exponent takes the carry; on it lie the extremes"),
        std::tuple("div", "Quotients",
                   "where Fx = Fy (plus the compensation), at which the borrow from the "
                   "exponent begins")}) {
    const auto it = std::ranges::find(tables.maps, operation, &error_map::operation);
    if (it == tables.maps.end()) continue;
    const int n = 1 << it->bits;
    html += figure_html(
        fmt::format("map-{}", operation), "plot square", true, title,
        fmt::format(
            "Relative error over {0} x {0} fraction pairs, every one an evaluated {1} product "
            "or quotient; the colour scale is symmetric about 0. Dashed: the edge {2}.",
            n, escape_html(it->format), edge),
        tables.command);
  }
  return html;
}

std::string curves_html(const error_tables& tables) {
  std::string html;
  std::vector<std::string> seen;
  for (const error_curve& c : tables.curves) {
    if (std::ranges::find(seen, c.operation) != seen.end()) continue;
    seen.push_back(c.operation);
    html += figure_html(
        "curve-" + c.operation, "plot", false, escape_html(c.operation),
        fmt::format("{} error of the encoded {} results at {} arguments from {} to {}.",
                    c.absolute ? "Absolute" : "Relative", escape_html(c.format), c.arguments.size(),
                    number(c.arguments.front(), 6), number(c.arguments.back(), 6)),
        tables.command);
  }
  return html;
}

std::string histogram_html(const error_tables& tables) {
  if (tables.histograms.empty()) return "<p>No product or quotient was measured.</p>";
  const labelled_histogram& h = tables.histograms.front();
  return figure_html(
      "histogram", "plot", true, "Signed relative error",
      fmt::format("Density of the relative error over {} fraction pairs of {} ({}), in "
                  "{} bins from the least to the greatest error of each arithmetic.",
                  grouped(h.histogram.cases), escape_html(h.format), name_of(h.histogram.evidence),
                  h.histogram.counts.size()),
      tables.command);
}

std::string terms_html() {
  std::string html;
  for (const auto& [term, meaning] : definitions()) {
    html += fmt::format("<dt>{}</dt><dd>{}</dd>", escape_html(term), escape_html(meaning));
  }
  return html;
}

std::string gaps_html(const error_tables& tables) {
  // One line per reason: many arithmetics share one.
  std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
  for (const not_measured& gap : tables.gaps) {
    const std::string what = gap.operation +
                             (gap.arithmetic == "all" ? "" : " of " + gap.arithmetic) +
                             (gap.domain == "all" ? "" : " (" + gap.domain + ")");
    auto it = std::ranges::find(reasons, gap.reason,
                                &std::pair<std::string, std::vector<std::string>>::first);
    if (it == reasons.end()) it = reasons.insert(reasons.end(), {gap.reason, {}});
    it->second.push_back(what);
  }
  std::string html;
  for (const auto& [reason, cases] : reasons) {
    html += fmt::format("<li>{}: {}.</li>", escape_html(fmt::format("{}", fmt::join(cases, ", "))),
                        escape_html(reason));
  }
  return html.empty() ? "<li>Nothing was left out.</li>" : html;
}

}  // namespace

std::string render_error_page(const error_tables& tables, const nlohmann::ordered_json& json,
                              const std::string& plotly) {
  const nlohmann::ordered_json figures = {
      {"maps", json["maps"]}, {"curves", json["curves"]}, {"histograms", json["histograms"]}};
  return fill_template("error_report.html",
                       {{"style", std::string(template_text("page.css"))},
                        {"environment", environment_html(json["environment"], tables.command)},
                        {"headline_caption", headline_caption(tables)},
                        {"headline_rows", headline_html(tables)},
                        {"maps", maps_html(tables)},
                        {"curves", curves_html(tables)},
                        {"histogram", histogram_html(tables)},
                        {"absolute_note", absolute_note(tables)},
                        {"all_rows", all_rows_html(tables)},
                        {"terms", terms_html()},
                        {"gaps", gaps_html(tables)},
                        {"command", escape_html(tables.command)},
                        {"data", script_json(figures)},
                        {"plotly", plotly},
                        {"shared_script", std::string(template_text("page.js"))},
                        {"script", std::string(template_text("error_report.js"))}});
}

}  // namespace pamkit::reports
