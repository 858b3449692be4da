#include <fmt/format.h>

#include <map>

#include "pamkit/properties/verify_json.hpp"
#include "pamkit/provenance/environment.hpp"

namespace pamkit::properties {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string case_name(const result& r) {
  return fmt::format("{}{} {} {} {} {}{} {} [{}]", r.operation,
                     r.derivative.empty() ? "" : " " + r.derivative, r.arithmetic, r.format,
                     r.policy, r.overflow, r.profile == "default" ? "" : " profile " + r.profile,
                     r.backend, r.domain);
}

std::string outcome_element(const result& r) {
  if (r.status == run_status::pass) return {};
  if (r.status != run_status::fail) {
    return fmt::format("<skipped message=\"{}: {}\"/>", name_of(r.status), escaped(r.reason));
  }
  std::string detail;
  if (r.counterexample) {
    for (const std::string& x : r.counterexample->operands) detail += x + " ";
    detail += fmt::format("got {} expected {}\n{}", r.counterexample->got,
                          r.counterexample->expected, r.counterexample->replay);
  }
  return fmt::format("<failure message=\"{}\">{}</failure>", escaped(r.reason), escaped(detail));
}

}  // namespace

std::string write_junit_xml(const suite_results& results) {
  std::map<std::string, std::vector<const result*>> suites;
  for (const result& r : results.rows) suites[r.property].push_back(&r);
  const provenance::environment where = provenance::current_environment();
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"pamkit.verify/1\" tests=\"{}\" failures=\"{}\">\n",
      results.rows.size(), results.count(run_status::fail));
  for (const auto& [property, rows] : suites) {
    std::size_t failures = 0;
    std::size_t skipped = 0;
    std::string cases;
    for (const result* r : rows) {
      failures += r->status == run_status::fail ? 1 : 0;
      skipped += r->status == run_status::not_promised || r->status == run_status::not_run ? 1 : 0;
      cases += fmt::format("  <testcase classname=\"{}\" name=\"{}\">{}</testcase>\n",
                           r->statement.empty() ? property : r->statement,
                           escaped(case_name(*r)), outcome_element(*r));
    }
    text += fmt::format(
        " <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" "
        "timestamp=\"{}\">\n",
        property, rows.size(), failures, skipped, where.date);
    text += fmt::format(
        "  <properties><property name=\"version\" value=\"{}\"/>"
        "<property name=\"commit\" value=\"{}\"/><property name=\"cpu\" value=\"{}\"/>"
        "</properties>\n",
        escaped(where.version), escaped(where.commit), escaped(where.cpu));
    text += cases + " </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

}  // namespace pamkit::properties
