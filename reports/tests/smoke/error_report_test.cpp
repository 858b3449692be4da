#include "pamkit/reports/error_report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "scratch_folder.hpp"

namespace pamkit::reports {
namespace {

using nlohmann::json;

error_report_options small_report(const scratch_folder& folder) {
  error_report_options options;
  options.formats = {*parse_format("e4m3"), *parse_format("bfloat16")};
  options.level = report_level::quick;
  options.jobs = 1;
  options.out_dir = folder / "out";
  options.plotly = write_plotly(folder);
  return options;
}

json read_report(const std::filesystem::path& file) { return json::parse(read_text(file)); }

TEST(error_report, writes_every_field_of_its_schema) {
  const scratch_folder folder;
  const error_report_result result = run_error_report(small_report(folder));
  const json report = read_report(result.json_file);
  EXPECT_EQ(report["schema"], "pamkit.report/1");
  EXPECT_EQ(report["spec"], "1");
  EXPECT_EQ(report["command"], "./pamkit report");
  EXPECT_TRUE(report["environment"].contains("commit"));
  EXPECT_EQ(report["bounds"].size(), result.bounds);
  std::set<std::string> operations;
  for (const json& b : report["bounds"]) {
    for (const char* field :
         {"operation", "format", "arithmetic", "policy", "metric", "domain", "evidence"}) {
      ASSERT_TRUE(b.at(field).is_string()) << b;
    }
    ASSERT_TRUE(b.at("value").is_number()) << b;
    ASSERT_TRUE(b.at("cases").is_number_unsigned()) << b;
    EXPECT_EQ(b.at("evidence") == "sampled", b.contains("seed")) << b;
    operations.insert(b["operation"]);
  }
  EXPECT_EQ(operations,
            (std::set<std::string>{"mul",       "div",           "exp2",           "log2",
                                   "exp",       "log",           "pow",            "sqrt",
                                   "reciprocal", "exp_composition", "distributivity", "dot",
                                   "softmax_row_sum", "matmul",  "linear",         "conv2d",
                                   "softmax",   "log_softmax",   "logsumexp",      "layer_norm",
                                   "cross_entropy", "attention",     "sigmoid",        "tanh",
                                   "gelu"}));
  EXPECT_FALSE(report["maps"].empty());
  EXPECT_FALSE(report["histograms"].empty());
  EXPECT_FALSE(report["curves"].empty());
}

TEST(error_report, does_not_depend_on_the_number_of_threads) {
  const scratch_folder folder;
  error_report_options options = small_report(folder);
  options.formats = {*parse_format("e4m3"), *parse_format("e5m2")};
  json one = read_report(run_error_report(options).json_file);
  options.jobs = 3;
  json three = read_report(run_error_report(options).json_file);
  one.erase("environment");
  three.erase("environment");
  EXPECT_EQ(one, three);
}

TEST(error_report, page_is_one_file_that_fetches_nothing) {
  const scratch_folder folder;
  error_report_options options = small_report(folder);
  options.command = "./pamkit report --out '</code><script>'";
  const std::string page = read_text(run_error_report(options).page_file);
  EXPECT_EQ(page.find("{{"), std::string::npos);
  EXPECT_EQ(page.find("<link"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
  EXPECT_EQ(page.find("</code><script>"), std::string::npos);
  EXPECT_EQ(page.find("'</script>"), std::string::npos) << "plotly.js must not end its element";
  EXPECT_NE(page.find("<td data-label=\"arithmetic\">pam</td>"), std::string::npos);
}

TEST(error_report, without_plotly_the_page_is_missing_and_said_to_be) {
  const scratch_folder folder;
  error_report_options options = small_report(folder);
  options.operations = {"mul"};
  options.plotly = folder / "nowhere.js";
  const error_report_result result = run_error_report(options);
  EXPECT_TRUE(std::filesystem::exists(result.json_file));
  EXPECT_TRUE(result.page_file.empty());
  EXPECT_NE(result.page_problem.find("nowhere.js"), std::string::npos);
}

TEST(error_report, written_again_from_its_file_is_the_same) {
  const scratch_folder folder;
  error_report_options options = small_report(folder);
  options.formats = {*parse_format("e4m3")};
  const error_report_result first = run_error_report(options);
  options.out_dir = folder / "again";
  const error_report_result again = render_report(first.json_file, options);
  EXPECT_EQ(read_text(again.json_file), read_text(first.json_file));
  EXPECT_EQ(read_text(again.csv_file), read_text(first.csv_file));
  EXPECT_EQ(read_text(again.page_file), read_text(first.page_file));
  EXPECT_EQ(again.bounds, first.bounds);
}

TEST(error_report, refuses_attachments_before_it_measures) {
  const scratch_folder folder;
  error_report_options options = small_report(folder);
  options.mutants = write_text(folder / "proofs.json", R"({"schema":"pamkit.prove/1","statements":[]})");
  EXPECT_THROW(run_error_report(options), input_error);
  EXPECT_FALSE(std::filesystem::exists(options.out_dir));
  options.mutants = write_text(folder / "list.json", R"({"schema":"pamkit.mutants/1","mutants":[1]})");
  EXPECT_THROW(run_error_report(options), input_error);
}

TEST(error_report, names_what_it_does_not_measure) {
  const scratch_folder folder;
  error_report_options options = small_report(folder);
  options.operations = {"mul", "mul_da"};
  const json report = read_report(run_error_report(options).json_file);
  std::set<std::string> gaps;
  for (const json& gap : report["not_measured"]) {
    EXPECT_FALSE(gap["reason"].get<std::string>().empty());
    gaps.insert(gap["operation"].get<std::string>() + " " + gap["arithmetic"].get<std::string>());
  }
  EXPECT_TRUE(gaps.contains("mul_da all"));
  EXPECT_TRUE(gaps.contains("mul adder"));
}

TEST(error_report, refuses_an_unknown_operation) {
  const scratch_folder folder;
  error_report_options options = small_report(folder);
  options.operations = {"mull"};
  EXPECT_THROW(run_error_report(options), input_error);
}

TEST(error_report, interrupted_writes_nothing) {
  const scratch_folder folder;
  error_report_options options = small_report(folder);
  std::atomic<bool> stop = false;
  options.stop = &stop;
  options.progress = [&](const report_progress&) { stop = true; };
  EXPECT_TRUE(run_error_report(options).interrupted);
  EXPECT_FALSE(std::filesystem::exists(options.out_dir));
}

TEST(error_report, progress_ends_at_the_whole) {
  const scratch_folder folder;
  error_report_options options = small_report(folder);
  options.operations = {"div"};
  double last = 0;
  options.progress = [&](const report_progress& p) {
    EXPECT_GE(p.done, last);
    last = p.done;
  };
  run_error_report(options);
  EXPECT_NEAR(last, 1, 1e-12);  // a sum of a few hundred shares in binary64
}

class report_diff : public testing::Test {
 protected:
  std::filesystem::path write_report(const char* name, const char* value,
                                     const char* metric = "min_relative") {
    const json report = {{"schema", "pamkit.report/1"},
                         {"bounds",
                          {{{"operation", "mul"},
                            {"format", "e4m3"},
                            {"arithmetic", "pam"},
                            {"policy", "flush"},
                            {"metric", metric},
                            {"value", json::parse(value)},
                            {"domain", "fractions"}}}}};
    return write_text(folder_ / name, report.dump());
  }
  scratch_folder folder_;
};

TEST_F(report_diff, equal_reports_have_no_changes) {
  const auto changes = diff_reports(write_report("a", "-0.1111111111111111"),
                                    write_report("b", "-0.1111111111111111"));
  EXPECT_TRUE(changes.empty());
}

TEST_F(report_diff, one_unit_in_the_last_place_is_a_change) {
  const auto changes =
      diff_reports(write_report("a", "0.1"), write_report("b", "0.10000000000000002"));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].bound, "mul e4m3 pam flush fractions min_relative");
  EXPECT_EQ(changes[0].after, "0.10000000000000002");
}

TEST_F(report_diff, a_bound_that_only_one_report_has_is_a_change) {
  const auto changes =
      diff_reports(write_report("a", "0.5"), write_report("b", "0.5", "max_relative"));
  EXPECT_EQ(changes.size(), 2U);
  EXPECT_NE(describe_changes(changes).find("2 bounds differ"), std::string::npos);
}

TEST_F(report_diff, refuses_what_is_no_report) {
  const auto good = write_report("a", "1");
  EXPECT_THROW(diff_reports(folder_ / "missing", good), input_error);
  EXPECT_THROW(diff_reports(write_text(folder_ / "text", "not json"), good), input_error);
  EXPECT_THROW(diff_reports(write_text(folder_ / "list", "[1]"), good), input_error);
  EXPECT_THROW(diff_reports(write_text(folder_ / "other", R"({"schema":"pamkit.verify/1"})"), good),
               input_error);
  EXPECT_THROW(
      diff_reports(write_text(folder_ / "hole",
                              R"({"schema":"pamkit.report/1","bounds":[{"operation":"mul"}]})"),
                   good),
      input_error);
}

}  // namespace
}  // namespace pamkit::reports
