#include <fmt/format.h>

#include <algorithm>

#include "error_page/numbers.hpp"
#include "error_page/sections.hpp"
#include "page.hpp"

namespace pamkit::reports {
namespace {

using json_t = nlohmann::ordered_json;

// Text of a field of whatever type; empty for a missing one.
std::string text_of(const json_t& object, const char* field) {
  const auto it = object.find(field);
  if (it == object.end() || it->is_null()) return "";
  return escape_html(it->is_string() ? it->get<std::string>() : it->dump());
}

std::string joined(const json_t& object, const char* field) {
  std::string text;
  const auto it = object.find(field);
  if (it == object.end() || !it->is_array()) return text_of(object, field);
  for (const json_t& item : *it) {
    text += (text.empty() ? "" : ", ") +
            escape_html(item.is_string() ? item.get<std::string>() : item.dump());
  }
  return text;
}

std::string made_by(const json_t& file) {
  std::string text;
  if (file.contains("command"))
    text += fmt::format(" Made by <code>{}</code>", text_of(file, "command"));
  if (const auto it = file.find("environment"); it != file.end() && it->is_object()) {
    const std::string commit = text_of(*it, "commit");
    if (!commit.empty())
      text += fmt::format("{} at commit <code>{:.12}</code>", text.empty() ? " Made" : "", commit);
  }
  return text.empty() ? text : text + ".";
}

std::string not_run(std::string_view what, std::string_view command, std::string_view option) {
  return fmt::format(
      "<p><b>Not run.</b> {} come from <code>{}</code>; <code>./pamkit report --from "
      "report/report.json {}</code> "
      "puts them here.</p>",
      what, command, option);
}

std::string counterexample_text(const json_t& mutant) {
  const auto it = mutant.find("counterexample");
  if (it == mutant.end() || !it->is_object()) return text_of(mutant, "note");
  constexpr std::size_t kLongest = 60;
  std::string operands = it->value("operands", "");
  if (operands.size() > kLongest) operands = operands.substr(0, kLongest) + "...";
  return fmt::format(
      "{} {} {}: <span class=\"hex\">{}</span> gives <span class=\"hex\">{:.24}</span>, not "
      "<span class=\"hex\">{:.24}</span>",
      text_of(*it, "operation"), text_of(*it, "arithmetic"), text_of(*it, "format"),
      escape_html(operands), text_of(*it, "got"), text_of(*it, "expected"));
}

std::size_t count(const json_t& list, const char* field, std::string_view value) {
  return static_cast<std::size_t>(std::ranges::count_if(
      list, [&](const json_t& entry) { return entry.value(field, "") == value; }));
}

}  // namespace

std::string mutants_html(const report_view& report) {
  const auto it = report.json.find("mutants");
  if (it == report.json.end()) {
    return not_run("The faults that the suite rejects",
                   "property_tests/mutants/run.py --level standard",
                   "--mutants build/release/mutants/results.json");
  }
  const json_t& mutants = it->at("mutants");
  const std::size_t killed = count(mutants, "verdict", "killed");
  const std::size_t equivalent = count(mutants, "verdict", "equivalent");
  const std::size_t alive = mutants.size() - killed - equivalent;
  const std::string_view changed = it->value("emulator_has_changed", false)
                                       ? " <b>The emulator's sources have changed since.</b>"
                                       : "";
  std::string rows;
  for (const json_t& m : mutants) {
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"wrapped\">{}</td><td>{}</td><td "
        "class=\"wide\"><code>{}</code></td>"
        "<td>{}</td><td>{}</td><td class=\"wide\">{}</td></tr>\n",
        text_of(m, "name"), text_of(m, "fault"), text_of(m, "arithmetic"), text_of(m, "file"),
        text_of(m, "verdict"), joined(m, "killed_by"), counterexample_text(m));
  }
  return fmt::format(
      "<p>Single faults planted in the emulator, one at a time: <b>{} of {}</b> rejected by the "
      "suite at level {}, {} "
      "explained as equivalent, <b>{}</b> survived.{}{}{}</p>"
      "<div class=\"filters\"></div><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"planted faults\">"
      "<table class=\"sortable\" data-filters=\"arithmetic,verdict,killed "
      "by\"><thead><tr><th>fault</th><th>what it "
      "does</th><th>arithmetic</th><th>file</th><th>verdict</th><th>killed "
      "by</th><th>counterexample, or why "
      "equivalent</th></tr></thead><tbody>{}</tbody></table></div>",
      killed, mutants.size(), text_of(*it, "level"), equivalent, alive,
      it->value("complete", true) ? "" : " <b>The run did not end.</b>", made_by(*it), changed,
      rows);
}

std::string proofs_html(const report_view& report) {
  const auto it = report.json.find("proofs");
  if (it == report.json.end()) {
    return not_run("Proofs", "./pamkit prove", "--proofs report/prove.json");
  }
  const json_t& statements = it->at("statements");
  std::size_t as_expected = 0;
  std::string rows;
  for (const json_t& s : statements) {
    if (s.value("verdict", "") == s.value("expected", "?")) ++as_expected;
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td "
        "class=\"number\">{}</td></tr>\n",
        text_of(s, "name"), text_of(s, "format"), text_of(s, "verdict"), text_of(s, "expected"),
        text_of(s, "vacuity"), text_of(s, "mutant"), text_of(s, "seconds"));
  }
  return fmt::format(
      "<p>Statements given to the solver, negated: <b>{} of {}</b> have the expected verdict; "
      "\"unsat\" means that no "
      "counterexample exists. The precondition of each and a mutant of each have to be "
      "satisfiable.{}</p>"
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"proofs\"><table "
      "class=\"sortable\"><thead>"
      "<tr><th>statement</th><th>format</th><th>verdict</th><th>expected</th><th>precondition</"
      "th><th>mutant</th>"
      "<th class=\"number\">seconds</th></tr></thead><tbody>{}</tbody></table></div>",
      as_expected, statements.size(), made_by(*it), rows);
}

std::string terms_html(const report_view& report) {
  std::string html;
  const auto terms = report.json.find("definitions");
  if (terms == report.json.end() || !terms->is_object()) return html;
  for (const auto& [term, meaning] : terms->items()) {
    html += fmt::format("<dt>{}</dt><dd>{}</dd>", escape_html(term), text_of(*terms, term.c_str()));
  }
  return html;
}

std::string gaps_html(const report_view& report) {
  // One line per reason: many arithmetics share one.
  std::vector<std::pair<std::string, std::string>> reasons;
  for (const json_t& gap : report.list("not_measured")) {
    const std::string arithmetic = gap.value("arithmetic", "all");
    const std::string domain = gap.value("domain", "all");
    const std::string what = gap.value("operation", "") +
                             (arithmetic == "all" ? "" : " of " + arithmetic) +
                             (domain == "all" ? "" : " (" + domain + ")");
    const std::string reason = gap.value("reason", "");
    const auto it = std::ranges::find(reasons, reason, &std::pair<std::string, std::string>::first);
    if (it == reasons.end()) {
      reasons.emplace_back(reason, what);
    } else {
      it->second += ", " + what;
    }
  }
  std::string html;
  for (const auto& [reason, cases] : reasons) {
    html += fmt::format("<li>{}: {}.</li>", escape_html(cases), escape_html(reason));
  }
  return html.empty() ? "<li>Nothing was left out.</li>" : html;
}

}  // namespace pamkit::reports
