#include "error_page/error_page.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

#include "bounds_csv.hpp"
#include "error_page/numbers.hpp"
#include "error_page/sections.hpp"
#include "pamkit/reports/error_report.hpp"
#include "scratch_folder.hpp"

namespace pamkit::reports {
namespace {

using json_t = nlohmann::ordered_json;

json_t entry(const std::string& operation, const std::string& metric, double value) {
  return {{"operation", operation}, {"format", "bfloat16"},     {"arithmetic", "pam"},
          {"policy", "flush"},      {"metric", metric},         {"value", value},
          {"domain", "fractions"},  {"evidence", "exhaustive"}, {"cases", 16384}};
}

// Every kind of list that a report may have, small.
json_t report_json() {
  json_t report = {{"schema", "pamkit.report/1"},
                   {"command", "./pamkit report --out '<here>'"},
                   {"environment", {{"commit", "0123"}}},
                   {"definitions", {{"fractions", "every fraction once"}}}};
  json_t least = entry("mul", "min_relative", -1.0 / 9);
  least["exact"] = "-1/9";
  least["operands"] = {"3FC0", "BFC0"};
  least["result"] = "C000";
  json_t greatest = entry("mul", "max_relative", 0);
  greatest["operands"] = {"3F80", "3F80"};
  greatest["result"] = "3F80";
  json_t layer = entry("softmax_row_sum", "max_ratio", 1.125);
  layer["evidence"] = "sampled";
  layer["seed"] = 7;
  layer["data"] = "gaussian";
  layer["shape"] = "64x64";
  layer["note"] = "rows, \"short\" and long";
  report["bounds"] = {least, greatest, entry("mul", "rms_relative", 0.04842321814367192),
                      entry("exp2", "min_relative", 0.5), layer};
  const json_t lists = json_t::parse(R"({
    "maps": [{"operation": "mul", "arithmetic": "pam", "values": []}],
    "histograms": [{"operation": "mul", "arithmetic": "pam", "counts": []}],
    "curves": [{"operation": "exp2", "arithmetic": "pam", "arguments": [], "errors": []}],
    "bands": [{"operation": "exp2", "by": "unit", "bands": []}, {"operation": "exp2", "by": "binade", "bands": []}],
    "range_ends": [{"operation": "mul", "exponents": [], "least": [], "greatest": []}],
    "compensation": [{"operation": "mul", "arithmetic": "pam", "format": "real", "offset_zero_mean": 0.0566,
                      "offset_minimax": 0.0688, "offset_least_rms": 0.0552, "offsets": [], "min_relative": [],
                      "max_relative": [], "mean_relative": []}],
    "not_measured": [{"operation": "pow", "arithmetic": "l_mul", "domain": "all", "reason": "<none>"}]})");
  for (const auto& [name, list] : lists.items()) report[name] = list;
  return report;
}

std::string page_of(const json_t& report) {
  return render_error_page(view_report(report, "test"), "/* plotly.js */", "./pamkit report");
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(error_page, has_a_section_for_every_operation) {
  const json_t report = report_json();
  const std::string page = page_of(report);
  for (const json_t& b : report["bounds"]) {
    const std::string operation = b["operation"];
    EXPECT_EQ(count(page, "id=\"op-" + operation + "\""), 1U) << operation;
  }
}

TEST(error_page, every_figure_names_the_command_that_made_it) {
  const std::string page = page_of(report_json());
  // map, histogram, range of mul; curve, growth, binades of exp2; compensation; ranges; energy
  EXPECT_EQ(count(page, "data-figure="), 9U);
  EXPECT_EQ(
      count(page,
            "Made by <code>./pamkit report --out &#39;&lt;here&gt;&#39;</code>.</figcaption>"),
      count(page, "data-figure="));
}

TEST(error_page, every_figure_has_a_drawing_function) {
  const std::string page = page_of(report_json());
  const std::regex figure("data-figure=\"([a-z]+)\"");
  for (auto it = std::sregex_iterator(page.begin(), page.end(), figure);
       it != std::sregex_iterator(); ++it) {
    const std::string kind = (*it)[1];
    const bool assigned = page.find("figures." + kind + " = ") != std::string::npos;
    const bool listed = page.find("const " + kind + " = (box") != std::string::npos;
    EXPECT_TRUE(assigned || listed) << kind;
  }
}

TEST(error_page, asks_nothing_of_the_network) {
  const std::string page = page_of(report_json());
  for (const char* word :
       {"http://", "https://", "src=", "<link", "@import", "url(", "fetch(", "XMLHttpRequest"}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(page.find("{{"), std::string::npos);
}

TEST(error_page, text_of_the_report_cannot_become_markup) {
  json_t report = report_json();
  for (json_t& b : report["bounds"]) {
    for (const char* field : {"arithmetic", "format", "policy", "domain"})
      b[field] = "<script>x</script>";
  }
  for (const char* list : {"maps", "histograms", "curves", "range_ends"})
    report[list][0]["arithmetic"] = "<script>x</script>";
  report["definitions"]["<script>x</script>"] = "<script>x</script>";
  EXPECT_EQ(page_of(report).find("<script>x"), std::string::npos);
}

TEST(error_page, tables_say_how_numbers_are_known_and_decode_operands) {
  const std::string page = page_of(report_json());
  EXPECT_NE(page.find("<span class=\"evidence exhaustive\">exhaustive</span>"), std::string::npos);
  // BFC0: sign 1, biased exponent 127, fraction 1000000 in binary; -1.5.
  EXPECT_NE(page.find("BFC0 <span class=\"split\">1|7F|40</span>"), std::string::npos);
  EXPECT_NE(page.find("-1.5&thinsp;&times;&thinsp;2<sup>0</sup>"), std::string::npos);
  EXPECT_NE(page.find("<code>./pamkit explain mul 3FC0 BFC0 --format bfloat16</code>"),
            std::string::npos);
}

TEST(error_page, what_was_not_run_is_said_with_its_command) {
  const std::string page = page_of(report_json());
  EXPECT_EQ(count(page, "<b>Not run.</b>"), 2U);
  EXPECT_NE(page.find("property_tests/mutants/run.py"), std::string::npos);
}

TEST(error_page, counts_planted_faults_and_proofs) {
  json_t report = report_json();
  report["mutants"] = json_t::parse(R"({"level": "standard", "mutants": [
      {"name": "carry", "verdict": "killed", "killed_by": ["P2"]},
      {"name": "<swap>", "verdict": "equivalent", "note": "same"},
      {"name": "bias", "verdict": "survived", "killed_by": []}]})");
  report["proofs"] = json_t::parse(R"({"statements": [
      {"name": "s", "verdict": "unsat", "expected": "unsat"},
      {"name": "t", "verdict": "sat", "expected": "unsat"}]})");
  const std::string page = page_of(report);
  EXPECT_NE(page.find("<b>1 of 3</b> rejected"), std::string::npos);
  EXPECT_NE(page.find("<b>1</b> survived"), std::string::npos);
  EXPECT_NE(page.find("&lt;swap&gt;"), std::string::npos);
  EXPECT_NE(page.find("<b>1 of 2</b> have the expected verdict"), std::string::npos);
  EXPECT_EQ(page.find("Not run."), std::string::npos);
}

TEST(error_page, refuses_what_is_no_report) {
  EXPECT_THROW(view_report(json_t::array(), "x"), input_error);
  EXPECT_THROW(view_report({{"schema", "pamkit.verify/1"}}, "x"), input_error);
  json_t report = report_json();
  report["bounds"][0].erase("metric");
  EXPECT_THROW(view_report(report, "x"), input_error);
  report = report_json();
  report["bounds"][0]["value"] = "0.5";
  EXPECT_THROW(view_report(report, "x"), input_error);
}

bound_row row(const char* metric, double value, const char* evidence, std::uint64_t cases) {
  bound_row r;
  r.metric = metric;
  r.value = value;
  r.evidence = evidence;
  r.cases = cases;
  return r;
}

TEST(numbers, digits_follow_what_is_known) {
  EXPECT_EQ(value_html(row("min_relative", -1.0 / 9, "proved", 1)), "-0.1111111111");
  // The extreme of a sample bounds the true one from one side.
  EXPECT_EQ(value_html(row("min_relative", -1.0 / 9, "sampled", 10000)), "&le;&nbsp;-0.111111");
  EXPECT_EQ(value_html(row("max_ulp", 1437420, "sampled", 10000)), "&ge;&nbsp;1.43742e+06");
  // A standard error of 1 / sqrt(cases) leaves two digits of 10^4 cases and six of 10^12.
  EXPECT_EQ(value_html(row("mean_relative", 1.0 / 9, "sampled", 10000)), "0.1111");
  EXPECT_EQ(value_html(row("mean_relative", 1.0 / 9, "sampled", 1000000000000)), "0.1111111");
}

TEST(numbers, encodings_are_decoded) {
  const format_description f = *format_of("e4m3");
  // 0x01 is the least subnormal of e4m3: 2^-9 = 1/8 2^-6. 0x7F is its NaN. 0xF7 = -(1 + 7/8) 2^7 =
  // -240.
  EXPECT_NE(decoded_html(f, "01").find("+0.125&thinsp;&times;&thinsp;2<sup>-6</sup>"),
            std::string::npos);
  EXPECT_NE(decoded_html(f, "7F").find("NaN"), std::string::npos);
  EXPECT_NE(decoded_html(f, "F7").find("-1.875&thinsp;&times;&thinsp;2<sup>7</sup>"),
            std::string::npos);
  EXPECT_NE(decoded_html(f, "F7").find("1|E|7"), std::string::npos);
}

// The fields of one line of comma-separated values, by RFC 4180.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

TEST(bounds_csv, has_the_entries_of_the_json) {
  const json_t report = report_json();
  std::istringstream lines(bounds_csv(view_report(report, "test")));
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> columns = fields_of(line);
  for (const json_t& b : report["bounds"]) {
    ASSERT_TRUE(std::getline(lines, line));
    const std::vector<std::string> fields = fields_of(line);
    ASSERT_EQ(fields.size(), columns.size()) << line;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!b.contains(columns[i])) {
        EXPECT_EQ(fields[i], "") << columns[i];
        continue;
      }
      seen.insert(columns[i]);
      const json_t& value = b[columns[i]];
      if (value.is_number()) {
        EXPECT_EQ(json_t::parse(fields[i]), value) << columns[i];
      } else if (value.is_array()) {
        EXPECT_EQ(fields[i], value[0].get<std::string>() + " " + value[1].get<std::string>());
      } else {
        EXPECT_EQ(fields[i], value.get<std::string>());
      }
    }
    EXPECT_EQ(seen.size(), b.size()) << "a field of the JSON has no column: " << b;
  }
  EXPECT_FALSE(std::getline(lines, line));
}

}  // namespace
}  // namespace pamkit::reports
