#include "pamkit/reports/comparison.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "scratch_folder.hpp"
#include "student.hpp"

namespace pamkit::reports {
namespace {

using nlohmann::json;

struct written_run {
  std::string arithmetic = "exact";
  int seed = 1;
  json value = 28.0;
  double valid_loss = 2.4;
  double rate = 1000;
  bool summary = true;
  std::string tail{};  ///< put behind the last line of metrics.jsonl
};

std::filesystem::path write_run(const std::filesystem::path& parent, const written_run& run) {
  const std::filesystem::path folder = parent / (run.arithmetic + "-" + std::to_string(run.seed));
  const json identity = {{"recipe", "translation-small"},
                         {"arithmetic", run.arithmetic},
                         {"scope", "matmul"},
                         {"derivative", "approx"},
                         {"format", "binary32"},
                         {"seed", run.seed},
                         {"metric", "bleu"}};
  write_text(folder / "config.json", identity.dump());
  std::string metrics;
  for (int step = 1; step <= 20; ++step) {
    metrics += json{{"kind", "step"},     {"step", step},          {"epoch", 1},
                    {"loss", 9.0 / step}, {"learning_rate", 1e-3}, {"tokens_per_second", run.rate},
                    {"seconds", step}}
                   .dump() +
               "\n";
  }
  metrics +=
      json{{"kind", "epoch"}, {"step", 20}, {"epoch", 1}, {"valid_loss", run.valid_loss}}.dump() +
      "\n";
  write_text(folder / "metrics.jsonl", metrics + run.tail);
  if (run.summary) {
    json summary = identity;
    summary.update({{"schema", "pamkit.run/1"},
                    {"value", run.value},
                    {"signature", "sig"},
                    {"parameters_sha256", std::string(64, 'a')},
                    {"verification", {{"digest", "0123"}}}});
    write_text(folder / "summary.json", summary.dump());
  }
  return folder;
}

class run_comparison : public testing::Test {
 protected:
  compare_result compare(std::vector<std::filesystem::path> directories) {
    return compare_runs({.directories = std::move(directories),
                         .out_dir = folder_ / "compare",
                         .plotly = write_plotly(folder_),
                         .command = "./pamkit compare runs"});
  }
  json written() { return json::parse(read_text(folder_ / "compare" / "compare.json")); }
  json arm(const std::string& name) {
    const json result = written();
    for (const json& a : result["arms"]) {
      if (a["arm"] == name) return a;
    }
    return {};
  }

  scratch_folder folder_;
  std::filesystem::path runs_ = folder_ / "runs";
};

TEST_F(run_comparison, means_differences_and_speeds_are_over_finished_seeds) {
  write_run(runs_, {.arithmetic = "exact", .seed = 1, .value = 28.0});
  write_run(runs_, {.arithmetic = "exact", .seed = 2, .value = 29.0});
  write_run(runs_, {.arithmetic = "pam", .seed = 1, .value = 27.5, .rate = 500});
  write_run(runs_, {.arithmetic = "pam", .seed = 2, .value = 28.5, .rate = 500});
  write_run(runs_, {.arithmetic = "native", .seed = 1, .value = 28.0, .rate = 2000});
  const compare_result result = compare({runs_});
  EXPECT_EQ(result.runs, 5U);
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(written()["schema"], "pamkit.compare/1");
  EXPECT_EQ(arm("exact")["value"]["mean"], 28.5);
  // Two samples one apart: standard error 1/2, times t for one degree of freedom, tan(0.475 pi).
  const double half = std::tan(0.475 * std::numbers::pi) / 2;
  EXPECT_NEAR(arm("exact")["value"]["interval_95"][1].get<double>(), 28.5 + half, 1e-12 * half);
  EXPECT_EQ(arm("pam")["value_minus_exact"]["mean"], -0.5);
  EXPECT_EQ(arm("pam")["speed_relative_to_native"], 0.25);
  EXPECT_FALSE(arm("native").at("value").contains("interval_95"));
}

TEST_F(run_comparison, a_diverged_run_is_shown_and_enters_no_mean) {
  write_run(runs_, {.arithmetic = "exact"});
  write_run(runs_, {.arithmetic = "adder", .value = nullptr});
  write_run(runs_,
            {.arithmetic = "pam", .tail = "{\"kind\":\"step\",\"step\":21,\"loss\":null}\n"});
  compare({runs_});
  EXPECT_FALSE(arm("adder").contains("value"));
  EXPECT_FALSE(arm("pam").contains("value"));
  const json result = written();
  for (const json& run : result["runs"]) {
    EXPECT_EQ(run["status"], run["arm"] == "exact" ? "finished" : "diverged");
    if (run["arm"] == "pam") {
      EXPECT_EQ(run["diverged_at"], 21);
    }
  }
  const std::string page = read_text(folder_ / "compare" / "index.html");
  EXPECT_NE(page.find("diverged at step 21"), std::string::npos);
}

TEST_F(run_comparison, a_killed_run_is_unfinished_and_its_torn_last_line_is_left_out) {
  write_run(runs_, {.arithmetic = "exact"});
  write_run(runs_, {.arithmetic = "pam", .summary = false, .tail = "{\"kind\":\"step\",\"st"});
  const compare_result result = compare({runs_});
  EXPECT_TRUE(result.problems.empty());
  const json written_file = written();
  EXPECT_EQ(written_file["runs"][1]["status"], "unfinished");
  EXPECT_EQ(written_file["runs"][1]["steps"], 20);
}

TEST_F(run_comparison, a_damaged_run_is_one_line_and_spares_the_others) {
  write_run(runs_, {.arithmetic = "exact"});
  const auto torn = write_run(runs_, {.arithmetic = "pam", .tail = "{]\n"});
  write_text(write_run(runs_, {.arithmetic = "adder"}) / "summary.json", "{\n\"schema\":");
  const auto empty = folder_ / "empty";
  std::filesystem::create_directories(empty);
  const std::string before = read_text(torn / "metrics.jsonl");
  const compare_result result = compare({runs_, empty, folder_ / "missing"});
  EXPECT_EQ(result.runs, 1U);
  ASSERT_EQ(result.problems.size(), 4U);
  for (const std::string& problem : result.problems) {
    EXPECT_EQ(problem.find('\n'), std::string::npos) << problem;
  }
  EXPECT_EQ(read_text(torn / "metrics.jsonl"), before);
}

TEST_F(run_comparison, no_readable_run_at_all_is_an_error) {
  EXPECT_THROW(compare({folder_ / "missing"}), input_error);
  EXPECT_THROW(compare({}), input_error);
}

TEST_F(run_comparison, a_run_named_twice_is_read_once) {
  const auto run = write_run(runs_, {.arithmetic = "exact"});
  EXPECT_EQ(compare({run, runs_}).runs, 1U);
}

TEST_F(run_comparison, names_cannot_inject_markup) {
  write_text(write_run(runs_, {.arithmetic = "exact"}) / "config.json",
             R"({"recipe":"r","arithmetic":"<script>alert(1)</script>"})");
  std::filesystem::remove(runs_ / "exact-1" / "summary.json");
  compare({runs_});
  EXPECT_EQ(read_text(folder_ / "compare" / "index.html").find("<script>alert"), std::string::npos);
}

TEST(student, intervals_are_the_closed_forms_of_one_and_two_degrees_of_freedom) {
  EXPECT_NEAR(student_interval(1, 0.95), std::tan(0.475 * std::numbers::pi), 1e-12);
  EXPECT_NEAR(student_interval(2, 0.95), 0.95 * std::sqrt(2 / (1 - 0.95 * 0.95)), 1e-12);
}

TEST(student, intervals_shrink_to_the_normal_distribution) {
  // P(|T| <= 1.96) -> erf(1.96 / sqrt 2); t - z is about (z^3 + z) / 4n.
  const double z = 1.959963984540054;
  EXPECT_NEAR(std::erf(z / std::numbers::sqrt2), 0.95, 1e-12);
  EXPECT_NEAR(student_interval(10000, 0.95), z, 3e-4);
  EXPECT_GT(student_interval(3, 0.95), student_interval(4, 0.95));
}

}  // namespace
}  // namespace pamkit::reports
