#include "pamkit/reports/comparison.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>
#include <numbers>
#include <sstream>

#include "bleu_rounding.hpp"
#include "pamkit/training/bleu.hpp"
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
  std::string scope = "matmul";
  json statistics{};         ///< statistics.json, where it is an object
  std::string hypotheses{};  ///< with references.txt beside them and their BLEU, where not empty
  std::string status = "complete";
  double step_seconds = 0.5;
};

constexpr const char* kReferences = "the cat sat on the mat\na dog ran over the hill\n";

json bleu_of_lines(const std::string& hypotheses) {
  const auto lines = [](std::istringstream text) {
    std::vector<std::string> all;
    for (std::string line; std::getline(text, line);) all.push_back(line);
    return all;
  };
  return training::corpus_bleu(lines(std::istringstream(hypotheses)),
                               lines(std::istringstream(kReferences)))
      .score;
}

std::filesystem::path write_run(const std::filesystem::path& parent, const written_run& run) {
  const std::filesystem::path folder = parent / (run.arithmetic + "-" + std::to_string(run.seed));
  const json identity = {{"recipe", "translation-small"},
                         {"arithmetic", run.arithmetic},
                         {"scope", run.scope},
                         {"derivative", "approx"},
                         {"format", "binary32"},
                         {"seed", run.seed},
                         {"metric", "bleu"}};
  // As training writes it: what decides the run below "run".
  write_text(folder / "config.json",
             json{{"schema", "pamkit.run_config/1"}, {"run", identity}}.dump());
  if (run.statistics.is_object()) write_text(folder / "statistics.json", run.statistics.dump());
  if (!run.hypotheses.empty()) {
    write_text(folder / "hypotheses.txt", run.hypotheses);
    write_text(folder / "references.txt", kReferences);
  }
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
                    {"value", run.hypotheses.empty() ? run.value : bleu_of_lines(run.hypotheses)},
                    {"status", run.status},
                    {"resources", {{"threads", 1}, {"step_seconds_median", run.step_seconds}}},
                    {"signature", "sig"},
                    {"parameters_sha256", std::string(64, 'a')},
                    {"verification", {{"digest", "0123"}}}});
    write_text(folder / "summary.json", summary.dump());
  }
  return folder;
}

// Changes a JSON file of a run folder.
template <class Change>
void edit(const std::filesystem::path& file, Change change) {
  json document = json::parse(read_text(file));
  change(document);
  write_text(file, document.dump());
}

int hazards_with(const json& result, const std::string& part) {
  int count = 0;
  for (const json& hazard : result["hazards"]) {
    count += hazard.get<std::string>().find(part) != std::string::npos ? 1 : 0;
  }
  return count;
}

class run_comparison : public testing::Test {
 protected:
  compare_result compare(std::vector<std::filesystem::path> directories,
                         std::vector<std::string> expected = {}) {
    return compare_runs({.directories = std::move(directories),
                         .out_dir = folder_ / "compare",
                         .plotly = write_plotly(folder_),
                         .markdown = folder_ / "results.md",
                         .expected = std::move(expected),
                         .command = "./pamkit compare runs"});
  }
  std::string page() const { return read_text(folder_ / "compare" / "index.html"); }
  std::string markdown() const { return read_text(folder_ / "results.md"); }
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
  write_run(runs_, {.arithmetic = "pam", .seed = 1, .value = 27.5, .step_seconds = 1});
  write_run(runs_, {.arithmetic = "pam", .seed = 2, .value = 28.5, .step_seconds = 1});
  write_run(runs_, {.arithmetic = "native", .seed = 1, .value = 28.0});
  const compare_result result = compare({runs_});
  EXPECT_EQ(result.runs, 5U);
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(written()["schema"], "pamkit.compare/1");
  EXPECT_EQ(arm("exact")["value"]["mean"], 28.5);
  // Two samples one apart: standard error 1/2, times t for one degree of freedom, tan(0.475 pi).
  const double half = std::tan(0.475 * std::numbers::pi) / 2;
  EXPECT_NEAR(arm("exact")["value"]["interval_95"][1].get<double>(), 28.5 + half, 1e-12 * half);
  EXPECT_EQ(arm("pam")["value_minus_exact"]["mean"], -0.5);
  EXPECT_EQ(arm("pam")["steps_per_second"]["mean"], 1);
  EXPECT_EQ(arm("pam")["speed_relative_to_native"], 0.5);
  EXPECT_FALSE(arm("native").at("value").contains("interval_95"));

  // Of one thread CPU time counts: with half of its wall time, pam takes as long as native.
  for (const char* const seed : {"1", "2"}) {
    const std::filesystem::path file = runs_ / ("pam-" + std::string(seed)) / "summary.json";
    json summary = json::parse(read_text(file));
    summary["resources"]["step_cpu_seconds_median"] = 0.5;
    write_text(file, summary.dump());
  }
  compare({runs_});
  EXPECT_EQ(arm("pam")["speed_relative_to_native"], 1);
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
  EXPECT_EQ(written_file["runs"][1]["arm"], "pam");
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

TEST_F(run_comparison, an_arm_that_verification_refused_is_shown_as_such) {
  write_run(runs_, {.arithmetic = "exact"});
  write_run(runs_, {.arithmetic = "pam", .value = nullptr, .status = "unverified"});
  compare({runs_});
  EXPECT_EQ(written()["runs"][1]["status"], "unverified");
  EXPECT_FALSE(arm("pam").contains("value"));
  EXPECT_EQ(arm("pam")["status"], "unverified");
  EXPECT_NE(page().find("<span class=\"status-bad\">unverified</span>"), std::string::npos);
  EXPECT_NE(markdown().find("| pam | unverified |"), std::string::npos);
}

TEST_F(run_comparison, an_expected_arm_without_a_run_is_shown_as_not_run) {
  write_run(runs_, {.arithmetic = "exact"});
  write_text(runs_ / "expected.txt", "# arms\nexact\n  \nadder # AdderNet\n");
  compare({runs_}, {"pam+all", "exact"});
  for (const char* const name : {"pam+all", "adder"}) {
    EXPECT_EQ(arm(name)["status"], "not run") << name;
    EXPECT_EQ(arm(name)["runs"], 0) << name;
    EXPECT_NE(markdown().find(std::string("| ") + name + " | not run |"), std::string::npos);
  }
  EXPECT_EQ(arm("exact")["status"], "finished");
  EXPECT_EQ(written()["arms"].size(), 3U);
  EXPECT_NE(page().find("not run"), std::string::npos);
}

TEST_F(run_comparison, a_name_cannot_break_a_table_of_the_markdown_page) {
  write_run(runs_, {.arithmetic = "exact"});
  write_run(runs_, {.arithmetic = "a|b*<i>"});
  compare({runs_});
  EXPECT_NE(markdown().find("| a\\|b\\*\\<i\\> | "), std::string::npos);
}

TEST_F(run_comparison, what_is_expected_and_no_arm_is_refused) {
  write_run(runs_, {.arithmetic = "exact"});
  for (const char* const name : {"nope", "pam+al", "pam+", "pam+exact+all", "pam+all+all", "+all",
                                 "pam+binary32m99", "pam+binary16"}) {
    try {
      compare({runs_}, {"pam", name});
      ADD_FAILURE() << name;
    } catch (const input_error& refused) {
      EXPECT_TRUE(
          std::string(refused.what())
              .starts_with("--expect: '" + std::string(name) + "' is no arm; write ARITHMETIC"))
          << refused.what();
    }
  }
  write_text(runs_ / "expected.txt", "nope\n");
  const compare_result result =
      compare({runs_}, {"native", "pam:1.0552", "pam+all+exact+binary32m4+corrected+centred"});
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_NE(result.problems[0].find("expected.txt: 'nope' is no arm; "), std::string::npos);
}

TEST_F(run_comparison, bleu_is_compared_sentence_by_sentence_with_exact_of_the_same_seed) {
  write_run(runs_, {.arithmetic = "exact", .hypotheses = kReferences});
  write_run(runs_, {.arithmetic = "pam", .hypotheses = kReferences});
  write_run(runs_,
            {.arithmetic = "adder", .hypotheses = "the cat sat on a mat\na dog ran over a hill\n"});
  write_run(runs_, {.arithmetic = "l_mul", .seed = 2, .hypotheses = kReferences});
  compare({runs_});
  const json same = arm("pam")["bootstrap"][0];
  EXPECT_EQ(same["bleu"], same["exact"]);
  EXPECT_EQ(same["p"], 1);
  EXPECT_EQ(same["interval_95"], json::parse("[0.0, 0.0]"));
  for (const std::string& text : {markdown(), page()}) {
    EXPECT_NE(text.find("sampling of test sentences only"), std::string::npos);
    EXPECT_NE(text.find("2 tests are made here, and neither p nor interval is corrected"),
              std::string::npos);
  }
  const json worse = arm("adder")["bootstrap"][0];
  EXPECT_NEAR(worse["exact"].get<double>(), 100, kBleuRounding);
  EXPECT_LT(worse["difference"], 0);
  // Both sentences lose alike, so that no choice of sentences explains the difference.
  EXPECT_EQ(worse["p"], 1.0 / 1001);
  EXPECT_FALSE(arm("l_mul").contains("bootstrap"));
  EXPECT_FALSE(arm("exact").contains("bootstrap"));
}

TEST_F(run_comparison, sentences_that_are_not_those_that_were_scored_are_left_out_and_named) {
  const std::string translated = "the cat sat on a mat\na dog ran over a hill\n";
  write_run(runs_, {.arithmetic = "exact", .hypotheses = kReferences});
  const auto pam = write_run(runs_, {.arithmetic = "pam", .hypotheses = translated});
  write_run(runs_, {.arithmetic = "adder", .hypotheses = translated});
  compare({runs_});
  EXPECT_TRUE(arm("pam").contains("bootstrap"));
  EXPECT_EQ(hazards_with(written(), "not those that were scored"), 0);

  write_text(pam / "hypotheses.txt", kReferences);
  compare_options options;
  options.directories = {runs_};
  options.out_dir = folder_ / "first";
  options.keep = folder_ / "kept";
  EXPECT_TRUE(compare_runs(options).problems.empty());
  for (const std::filesystem::path& runs : {runs_, folder_ / "kept"}) {
    compare({runs});
    EXPECT_FALSE(arm("pam").contains("bootstrap"));
    EXPECT_TRUE(arm("adder").contains("bootstrap"));
    // Which of both is the run's no file tells, so the value enters no mean.
    EXPECT_FALSE(arm("pam").contains("value"));
    EXPECT_EQ(arm("pam")["status"], "value contradicted");
    EXPECT_NE(markdown().find("| pam | 1 | value contradicted |"), std::string::npos);
  }
  compare({runs_});
  EXPECT_EQ(hazards_with(written(),
                         "pam, seed 1: its sentences are not those that were scored: "
                         "their BLEU is 100.0000"),
            1);
  EXPECT_EQ(hazards_with(written(), "it enters no mean and no paired bootstrap"), 1);

  // Counts that were kept are held to the value too.
  const auto kept = folder_ / "kept" / "translation-small" / "adder-1" / "sentences.json";
  edit(kept, [](json& counts) { counts["rows"][0][2] = 6; });
  compare({folder_ / "kept"});
  EXPECT_FALSE(arm("adder").contains("bootstrap"));
  edit(kept, [](json& counts) { counts["rows"][0][2] = -1; });
  EXPECT_EQ(compare({folder_ / "kept"}).problems,
            std::vector{kept.string() + ": a row has a count that no sentence has"});
}

TEST_F(run_comparison, a_run_whose_verification_failed_enters_no_mean) {
  write_run(runs_, {.arithmetic = "exact", .value = 28.0});
  const auto pam = write_run(runs_, {.arithmetic = "pam", .value = 27.0});
  for (const char* const status : {"pass", "not-run", "fail"}) {
    edit(pam / "summary.json", [&](json& summary) { summary["verification"]["status"] = status; });
    compare({runs_});
    const bool failed = std::string_view(status) == "fail";
    EXPECT_EQ(arm("pam").contains("value"), !failed) << status;
    EXPECT_EQ(arm("pam")["status"], failed ? "verification failed" : "finished");
    EXPECT_EQ(hazards_with(written(), "pam, seed 1: its verification failed"), failed ? 1 : 0);
    EXPECT_EQ(markdown().find("| pam | 1 | verification failed | 27.0000 |") != std::string::npos,
              failed);
  }
}

TEST_F(run_comparison, columns_of_the_terminal_are_apart_however_wide) {
  for (const int seed : {1, 2}) {
    write_run(runs_, {.arithmetic = "exact", .seed = seed, .value = 1000.0 * seed});
    write_run(runs_, {.arithmetic = "pam",
                      .seed = seed,
                      .value = 20000.0 * seed,
                      .valid_loss = 1e6 * seed});
  }
  std::istringstream lines(compare({runs_}).summary);
  std::string head;
  std::getline(lines, head);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("pam ") && !line.starts_with("exact ")) continue;
    EXPECT_EQ(line.size(), head.size()) << line;
    // A number and what stands behind it: one space apart, or they are of two columns.
    std::size_t columns = 1;
    for (std::size_t at = line.find("  "); at != std::string::npos;
         at = line.find("  ", line.find_first_not_of(' ', at))) {
      ++columns;
    }
    EXPECT_EQ(columns, 10U) << line;
  }
}

TEST_F(run_comparison, says_what_a_dash_among_losses_means) {
  const auto statistics = [](const json& loss) {
    return json{{"schema", "pamkit.statistics/1"},
                {"sample", {{"loss", 2.5}, {"exact_loss", 2.4}}},
                {"loss", loss}};
  };
  const json whole = {
      {"logits_mean", 0.1}, {"logits_deviation", 1}, {"leak", 0.1}, {"leak_size", 0.1}};
  write_run(runs_, {.arithmetic = "exact", .statistics = statistics(whole)});
  const std::string sentence = "was not recorded by the version that made the run";
  compare({runs_});
  for (const std::string& text : {markdown(), page()}) {
    EXPECT_EQ(text.find(sentence), std::string::npos);
  }
  write_run(runs_, {.arithmetic = "pam", .statistics = statistics(json::object())});
  compare({runs_});
  for (const std::string& text : {markdown(), page()}) {
    EXPECT_NE(text.find(sentence), std::string::npos);
  }
}

TEST_F(run_comparison, says_how_large_the_data_were_where_a_run_does) {
  write_run(runs_, {.arithmetic = "exact"});
  const auto pam = write_run(runs_, {.arithmetic = "pam"});
  compare({runs_});
  EXPECT_EQ(markdown().find("Data: "), std::string::npos);
  const json sizes = {{"unit", "sentence pairs"}, {"train", 160}, {"validation", 20}, {"test", 12}};
  edit(pam / "summary.json", [&](json& summary) { summary["examples"] = sizes; });
  compare({runs_});
  EXPECT_NE(
      markdown().find("Data: 160 sentence pairs of training, 20 of validation, 12 of test.\n"),
      std::string::npos)
      << markdown();
  EXPECT_NE(page().find("translation-small: 160 sentence pairs of training"), std::string::npos);
  edit(pam / "summary.json", [&](json& summary) { summary["test"] = "validation text"; });
  compare({runs_});
  EXPECT_NE(markdown().find("20 of validation, which are the test data too.\n"), std::string::npos);
}

TEST_F(run_comparison, speeds_of_several_seeds_have_their_range) {
  for (const int seed : {1, 2, 3}) {
    write_run(runs_, {.arithmetic = "exact", .seed = seed, .step_seconds = 1.0 / seed});
  }
  write_run(runs_, {.arithmetic = "pam"});
  compare({runs_});
  EXPECT_NE(markdown().find("| exact | 2.000 (1.000 to 3.000) | wall |"), std::string::npos)
      << markdown();
  EXPECT_NE(markdown().find("| pam | 2.000 | wall |"), std::string::npos);
  EXPECT_NE(page().find("2.000 (1.000 to 3.000)"), std::string::npos);
  EXPECT_EQ(arm("exact")["steps_per_second"]["least"], 1);
  EXPECT_EQ(arm("exact")["steps_per_second"]["greatest"], 3);
  for (const std::string& text : {markdown(), page()}) {
    EXPECT_NE(text.find("measured under load are named in the hazards"), std::string::npos);
  }
}

TEST_F(run_comparison, a_recipe_of_which_nothing_ran_has_all_arms_not_run) {
  write_text(runs_ / "charlm" / "expected.txt", "exact\npam+all\n");
  for (const bool others_ran : {false, true}) {
    if (others_ran) write_run(runs_ / "translation-small", {.arithmetic = "exact"});
    const compare_result result = compare({runs_});
    EXPECT_TRUE(result.problems.empty());
    int missing = 0;
    const json all = written();
    for (const json& a : all["arms"]) {
      if (a["recipe"] != "charlm") continue;
      EXPECT_EQ(a["status"], "not run");
      ++missing;
    }
    EXPECT_EQ(missing, 2);
    EXPECT_NE(markdown().find("## charlm\n"), std::string::npos);
    // It has no table without lines.
    EXPECT_EQ(markdown().find("### Runs") != std::string::npos, others_ran);
    EXPECT_EQ(markdown().find("### Speed") != std::string::npos, others_ran);
    EXPECT_EQ(hazards_with(written(), "charlm pam+all: expected and not run"), 1);
    EXPECT_EQ(hazards_with(written(), "charlm: "), 0);
  }
}

TEST_F(run_comparison, what_is_kept_of_runs_compares_alike_without_their_sentences) {
  write_run(runs_, {.arithmetic = "exact", .hypotheses = kReferences});
  write_run(runs_, {.arithmetic = "pam",
                    .seed = 1,
                    .scope = "all",
                    .hypotheses = "the cat sat on a mat\na dog ran over a hill\n"});
  const std::filesystem::path kept = folder_ / "kept";
  compare_options options;
  options.directories = {runs_};
  options.out_dir = folder_ / "first";
  options.keep = kept;
  compare_runs(options);
  EXPECT_FALSE(
      std::filesystem::exists(kept / "translation-small" / "pam+all-1" / "hypotheses.txt"));
  EXPECT_FALSE(
      std::filesystem::exists(kept / "translation-small" / "pam+all-1" / "references.txt"));
  compare({runs_});
  const json before = arm("pam+all");
  compare({kept});
  EXPECT_EQ(arm("pam+all"), before);
  ASSERT_TRUE(before.contains("bootstrap"));

  write_text(kept / "translation-small" / "pam+all-1" / "sentences.json",
             R"({"schema": "pamkit.sentences/1", "references_sha256": "", "rows": [[1, 2]]})");
  options.directories = {kept};
  options.keep.clear();
  const compare_result damaged = compare_runs(options);
  ASSERT_EQ(damaged.problems.size(), 1U);
  EXPECT_NE(damaged.problems[0].find("sentences.json"), std::string::npos);
}

TEST_F(run_comparison, what_is_kept_stays_two_folders_below_whatever_a_run_is_called) {
  struct name {
    const char* recipe;
    const char* format;
    json seed;
  };
  const name names[] = {{"..", "binary32", 1},       {".", "binary32", 2},
                        {"", "binary32", 3},         {"/tmp/a", "binary32", 4},
                        {"a\\b", "binary32", 5},     {"r", "../../binary32", 6},
                        {"r", "binary32", "../../7"}};
  int number = 0;
  for (const auto& [recipe, format, seed] : names) {
    const std::filesystem::path folder =
        write_run(runs_, {.arithmetic = "exact", .seed = ++number, .summary = false});
    edit(folder / "config.json", [&](json& config) {
      config["run"]["recipe"] = recipe;
      config["run"]["format"] = format;
      config["run"]["seed"] = seed;
    });
  }
  const std::filesystem::path kept = folder_ / "below" / "kept";
  compare_options options;
  options.directories = {runs_};
  options.out_dir = folder_ / "first";
  options.keep = kept;
  compare_runs(options);
  std::size_t configs = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "below")) {
    if (entry.path().filename() != "config.json") continue;
    ++configs;
    const std::filesystem::path run = entry.path().parent_path();
    EXPECT_EQ(run.parent_path().parent_path(), kept) << run;
  }
  EXPECT_EQ(configs, std::size(names));
  EXPECT_EQ(compare({kept}).runs, std::size(names));
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

// While it is there, no file grows beyond `bytes`: to a program as a disk that is full.
class full_disk {
 public:
  explicit full_disk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit small = before_;
    small.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &small);
  }
  full_disk(const full_disk&) = delete;
  full_disk& operator=(const full_disk&) = delete;
  ~full_disk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(run_comparison, a_run_is_kept_whole_or_not_at_all) {
  const auto run = write_run(runs_, {.arithmetic = "exact"});
  compare_options options;
  options.directories = {runs_};
  options.out_dir = folder_ / "first";
  options.keep = folder_ / "kept";
  const std::filesystem::path recipe = options.keep / "translation-small";
  // More than config.json and less than metrics.jsonl.
  constexpr rlim_t kRoom = 1000;
  ASSERT_LT(std::filesystem::file_size(run / "config.json"), kRoom);
  ASSERT_GT(std::filesystem::file_size(run / "metrics.jsonl"), kRoom);
  {
    const full_disk full(kRoom);
    EXPECT_THROW(compare_runs(options), input_error);
  }
  EXPECT_EQ(names_in(recipe), std::vector<std::string>{});

  compare_runs(options);
  const std::vector<std::string> whole = {"config.json", "metrics.jsonl", "summary.json"};
  EXPECT_EQ(names_in(recipe / "exact-1"), whole);
  const std::string before = read_text(recipe / "exact-1" / "summary.json");
  edit(run / "summary.json", [](json& summary) { summary["value"] = 29.0; });
  {
    const full_disk full(kRoom);
    EXPECT_THROW(compare_runs(options), input_error);
  }
  EXPECT_EQ(names_in(recipe), std::vector<std::string>{"exact-1"});
  EXPECT_EQ(names_in(recipe / "exact-1"), whole);
  EXPECT_EQ(read_text(recipe / "exact-1" / "summary.json"), before);
  compare_runs(options);
  EXPECT_EQ(read_text(recipe / "exact-1" / "summary.json"), read_text(run / "summary.json"));
  EXPECT_EQ(names_in(recipe), std::vector<std::string>{"exact-1"});

  // What a process left that was ended meanwhile is no run.
  write_text(recipe / ".pamkit-keep-1-exact-1" / "config.json", read_text(run / "config.json"));
  const compare_result result = compare({options.keep});
  EXPECT_EQ(result.runs, 1U);
  EXPECT_TRUE(result.problems.empty());
}

TEST_F(run_comparison, keeping_takes_nothing_away_that_it_did_not_write) {
  const auto run =
      write_run(folder_ / "translation-small", {.arithmetic = "exact", .hypotheses = kReferences});
  compare_options options;
  options.directories = {run};
  options.out_dir = folder_ / "first";
  options.keep = folder_ / ".";  // where the run itself lies
  const std::vector<std::string> before = names_in(run);
  compare_runs(options);
  EXPECT_EQ(names_in(run), before);

  options.keep = folder_ / "kept";
  write_text(options.keep / "translation-small" / "exact-1" / "parameters.safetensors", "x");
  EXPECT_THROW(compare_runs(options), input_error);
  EXPECT_EQ(names_in(options.keep / "translation-small" / "exact-1"),
            std::vector<std::string>{"parameters.safetensors"});
}

TEST_F(run_comparison, runs_on_a_gpu_are_compared_with_their_like_alone) {
  write_run(runs_, {.arithmetic = "exact"});
  const std::filesystem::path folder = write_run(runs_, {.arithmetic = "pam"});
  json config = json::parse(read_text(folder / "config.json"));
  config["run"]["device"] = "cuda:0";
  write_text(folder / "config.json", config.dump());
  compare({runs_});
  EXPECT_EQ(arm("exact")["recipe"], "translation-small");
  EXPECT_EQ(arm("pam")["recipe"], "translation-small on cuda");
  EXPECT_FALSE(arm("pam").contains("value_minus_exact"));
}

TEST_F(run_comparison, a_corrected_decay_is_an_arm_of_its_own) {
  const std::filesystem::path folder = write_run(runs_, {.arithmetic = "pam", .scope = "all"});
  write_run(runs_, {.arithmetic = "exact"});
  json config = json::parse(read_text(folder / "config.json"));
  config["run"]["settings"]["training"]["moment_decay"] = "corrected";
  write_text(folder / "config.json", config.dump());
  compare({runs_});
  EXPECT_EQ(arm("pam+all+corrected")["runs"], 1);
  config["run"]["settings"]["training"]["loss_gradient"] = "centred";
  write_text(folder / "config.json", config.dump());
  compare({runs_});
  EXPECT_EQ(arm("pam+all+corrected+centred")["runs"], 1);
}

TEST_F(run_comparison, a_copy_of_a_run_counts_once) {
  for (const int seed : {1, 2}) {
    write_run(runs_, {.arithmetic = "exact", .seed = seed, .value = 28.0 + seed});
    write_run(runs_, {.arithmetic = "pam", .seed = seed, .value = 27.0 + 3 * seed});
  }
  compare({runs_});
  const json exact = arm("exact");
  const json pam = arm("pam");
  compare_options options;
  options.directories = {runs_};
  options.out_dir = folder_ / "first";
  options.keep = folder_ / "kept";
  compare_runs(options);
  const compare_result both = compare({runs_, folder_ / "kept"});
  EXPECT_EQ(both.runs, 4U);
  EXPECT_EQ(arm("exact"), exact);
  EXPECT_EQ(arm("pam"), pam);
  EXPECT_EQ(hazards_with(written(), "counted once"), 4);
}

TEST_F(run_comparison, of_different_runs_of_an_arm_and_seed_the_later_counts) {
  write_run(runs_, {.arithmetic = "exact"});
  write_run(folder_ / "second", {.arithmetic = "exact", .value = 20.0});
  const auto dated = [](const char* date) {
    return [date](json& summary) { summary["environment"]["date"] = date; };
  };
  edit(runs_ / "exact-1" / "summary.json", dated("2026-11-02T00:00:00Z"));
  edit(folder_ / "second" / "exact-1" / "summary.json", dated("2026-11-01T00:00:00Z"));
  const compare_result result = compare({runs_, folder_ / "second"});
  EXPECT_EQ(result.runs, 1U);
  EXPECT_EQ(arm("exact")["value"]["mean"], 28.0);
  EXPECT_EQ(arm("exact")["value"]["seeds"], 1);
  EXPECT_EQ(arm("exact")["status"], "finished");
  EXPECT_EQ(written()["runs"][1]["status"], "superseded");
  EXPECT_EQ(hazards_with(written(), "two different runs"), 1);
  edit(folder_ / "second" / "exact-1" / "summary.json", dated("2026-11-03T00:00:00Z"));
  compare({runs_, folder_ / "second"});
  EXPECT_EQ(arm("exact")["value"]["mean"], 20.0);
}

TEST_F(run_comparison, runs_with_other_settings_or_data_stand_apart_and_are_named) {
  for (const char* const arithmetic : {"exact", "pam", "adder", "l_mul"}) {
    edit(write_run(runs_, {.arithmetic = arithmetic}) / "config.json", [](json& config) {
      config["environment"]["commit"] = std::string(40, 'c');
      config["run"]["corpus_sha256"] = std::string(64, 'd');
      config["run"]["settings"] = {{"training", {{"peak_rate", 0.012}, {"moment_decay", "plain"}}},
                                   {"adder", {{"eta", 0}}},
                                   {"checkpoint", {{"steps", 50}}}};
    });
  }
  // What makes the arm, and what changes no bit, is no other recipe.
  edit(runs_ / "adder-1" / "config.json",
       [](json& config) { config["run"]["settings"]["adder"]["eta"] = 1; });
  edit(runs_ / "pam-1" / "config.json", [](json& config) {
    config["run"]["settings"]["training"]["moment_decay"] = "corrected";
    config["run"]["settings"]["checkpoint"]["steps"] = 7;
    config["run"]["settings"]["adder"]["eta"] = 3;
  });
  compare({runs_});
  EXPECT_EQ(written()["arms"].size(), 4U);
  EXPECT_EQ(arm("pam")["value_minus_exact"]["mean"], 0);
  EXPECT_EQ(arm("adder")["value_minus_exact"]["mean"], 0);
  EXPECT_EQ(hazards_with(written(), "not compared with its other runs"), 0);
  EXPECT_NE(markdown().find("the arithmetic alone differs"), std::string::npos);
  EXPECT_NE(page().find("the arithmetic alone differs"), std::string::npos);

  edit(runs_ / "pam-1" / "config.json",
       [](json& config) { config["run"]["settings"]["training"]["peak_rate"] = 0.024; });
  edit(runs_ / "l_mul-1" / "config.json",
       [](json& config) { config["run"]["corpus_sha256"] = std::string(64, 'e'); });
  compare({runs_}, {"exact", "adder"});
  EXPECT_EQ(arm("pam")["recipe"], "translation-small with training.peak_rate = 0.024");
  EXPECT_EQ(arm("l_mul")["recipe"], "translation-small with corpus_sha256 = eeeeeeeeeeee");
  EXPECT_EQ(arm("exact")["recipe"], "translation-small");
  EXPECT_FALSE(arm("pam").contains("value_minus_exact"));
  EXPECT_FALSE(arm("l_mul").contains("value_minus_exact"));
  EXPECT_EQ(written()["arms"].size(), 4U);
  EXPECT_EQ(hazards_with(written(), "training.peak_rate is 0.024 and not 0.012: pam, seed 1"), 1);
  EXPECT_EQ(
      hazards_with(written(), "corpus_sha256 is eeeeeeeeeeee and not dddddddddddd: l_mul, seed 1"),
      1);

  // A setting that an older program did not know separates nothing, but is told.
  edit(runs_ / "adder-1" / "config.json",
       [](json& config) { config["run"]["settings"]["training"].erase("peak_rate"); });
  compare({runs_});
  EXPECT_EQ(arm("adder")["recipe"], "translation-small");
  EXPECT_EQ(hazards_with(written(), "do not say, taken as equal: settings.training.peak_rate"), 1);
  EXPECT_EQ(markdown().find("the arithmetic alone differs"), std::string::npos);
}

TEST_F(run_comparison, the_time_of_speeds_and_a_busy_machine_are_told) {
  write_run(runs_, {.arithmetic = "native"});
  write_run(runs_, {.arithmetic = "exact"});
  write_run(runs_, {.arithmetic = "pam"});
  for (const auto& [name, cpu] : {std::pair("exact-1", 0.4), std::pair("pam-1", 0.1)}) {
    edit(runs_ / name / "summary.json",
         [cpu = cpu](json& summary) { summary["resources"]["step_cpu_seconds_median"] = cpu; });
  }
  compare({runs_});
  EXPECT_NE(markdown().find("| pam | 10.000 | CPU |"), std::string::npos) << markdown();
  EXPECT_NE(markdown().find("| native | 2.000 | wall |"), std::string::npos);
  EXPECT_EQ(hazards_with(written(), "under load"), 1);
  EXPECT_EQ(hazards_with(written(), "pam, seed 1 (5.0 times)"), 1);
  EXPECT_EQ(hazards_with(written(), "exact, seed 1 ("), 0);
  EXPECT_EQ(hazards_with(written(), "by CPU time and some by wall time"), 1);
  EXPECT_EQ(page().find("data-label=\"rate\""), std::string::npos);
}

TEST_F(run_comparison, each_run_tells_its_commit_and_a_modified_tree) {
  const std::string first(40, 'a');
  const std::string second(40, 'b');
  for (const auto& [arithmetic, commit] :
       {std::pair("exact", first), std::pair("pam", second + "-modified")}) {
    edit(write_run(runs_, {.arithmetic = arithmetic}) / "config.json",
         [commit = commit](json& config) { config["environment"]["commit"] = commit; });
  }
  edit(runs_ / "exact-1" / "summary.json",
       [&](json& summary) { summary["environment"]["commit"] = second; });
  compare({runs_});
  EXPECT_NE(markdown().find("| 20 | aaaaaaaaaa |"), std::string::npos) << markdown();
  EXPECT_NE(markdown().find("| 20 | bbbbbbbbbb, modified |"), std::string::npos);
  EXPECT_NE(page().find("<code>bbbbbbbbbb, modified</code>"), std::string::npos);
  EXPECT_EQ(hazards_with(written(), "does not say what ran: pam, seed 1"), 1);
  EXPECT_EQ(hazards_with(written(), "begun by one commit and finished by another: exact, seed 1"),
            1);
  EXPECT_EQ(hazards_with(written(), "trained by different commits"), 1);
}

TEST_F(run_comparison, junk_in_a_summary_is_one_line_with_its_path) {
  write_run(runs_, {.arithmetic = "exact"});
  const auto pam = write_run(runs_, {.arithmetic = "pam"});
  for (const char* const junk :
       {R"({"schema":1})", R"({"schema":["pamkit.run/1"]})", R"([1])", R"("x")", "null"}) {
    write_text(pam / "summary.json", junk);
    const compare_result result = compare({runs_});
    EXPECT_EQ(result.runs, 1U) << junk;
    ASSERT_EQ(result.problems.size(), 1U) << junk;
    EXPECT_NE(result.problems[0].find("pam-1/summary.json"), std::string::npos)
        << result.problems[0];
    EXPECT_NE(markdown().find("- not read: "), std::string::npos);
  }
}

// The one problem of a comparison of this run with another that is in order.
class one_problem : public run_comparison {
 protected:
  void SetUp() override {
    write_run(runs_, {.arithmetic = "exact"});
    write_run(runs_, {.arithmetic = "pam"});
  }
  std::string problem() {
    const compare_result result = compare({runs_});
    EXPECT_EQ(result.runs, 1U);
    return result.problems.size() == 1 ? result.problems[0] : "";
  }
  const std::filesystem::path pam_ = runs_ / "pam-1";
};

TEST_F(one_problem, is_a_field_of_a_summary_of_another_type_or_that_is_missing) {
  struct change {
    const char* patch;  ///< of summary.json; null takes a key away
    const char* key;
  };
  const std::string before = read_text(pam_ / "summary.json");
  for (const auto& [patch, key] :
       {change{R"({"value":"28.5"})", "value"}, change{R"({"value":null})", "value"},
        change{R"({"value":[]})", "value"}, change{R"({"value":true})", "value"},
        change{R"({"status":null})", "status"}, change{R"({"status":"done"})", "status"},
        change{R"({"status":["complete"]})", "status"}, change{R"({"status":"diverged"})", "value"},
        change{R"({"seed":{}})", "seed"}, change{R"({"steps":1.5})", "steps"},
        change{R"({"environment":3})", "environment"},
        change{R"({"resources":{"threads":"x"}})", "resources.threads"},
        change{R"({"verification":{"digest":{}}})", "verification.digest"}}) {
    edit(pam_ / "summary.json", [&](json& summary) { summary.merge_patch(json::parse(patch)); });
    const std::string line = problem();
    EXPECT_NE(line.find("pam-1/summary.json: \"" + std::string(key) + "\" "), std::string::npos)
        << patch << ": " << line;
    write_text(pam_ / "summary.json", before);
  }
  EXPECT_TRUE(compare({runs_}).problems.empty());
}

TEST_F(one_problem, is_a_field_of_a_configuration_of_another_type) {
  const std::string before = read_text(pam_ / "config.json");
  for (const auto& [patch, key] :
       {std::pair(R"({"environment":[]})", "environment"), std::pair(R"({"run":"x"})", "run"),
        std::pair(R"({"run":{"arithmetic":true}})", "run.arithmetic"),
        std::pair(R"({"run":{"scope":[1]}})", "run.scope"),
        std::pair(R"({"run":{"settings":"x"}})", "run.settings")}) {
    edit(pam_ / "config.json", [&](json& config) { config.merge_patch(json::parse(patch)); });
    const std::string line = problem();
    EXPECT_NE(line.find(key), std::string::npos) << patch << ": " << line;
    write_text(pam_ / "config.json", before);
  }
}

TEST_F(one_problem, is_a_summary_that_contradicts_its_configuration) {
  edit(pam_ / "config.json",
       [](json& config) { config["run"]["corpus_sha256"] = std::string(64, 'd'); });
  const std::string before = read_text(pam_ / "summary.json");
  for (const auto& [key, value] : {std::pair<const char*, json>("arithmetic", "adder"),
                                   {"recipe", "charlm"},
                                   {"seed", 2},
                                   {"scope", "all"},
                                   {"format", "bfloat16"},
                                   {"corpus_sha256", std::string(64, 'e')}}) {
    edit(pam_ / "summary.json", [&](json& summary) { summary[key] = value; });
    const std::string line = problem();
    EXPECT_NE(line.find("pam-1/summary.json: \"" + std::string(key) + "\" is "), std::string::npos)
        << line;
    EXPECT_NE(line.find(", and config.json says "), std::string::npos) << line;
    write_text(pam_ / "summary.json", before);
  }
}

TEST_F(one_problem, is_a_field_of_another_type_in_a_line_of_metrics) {
  const std::string before = read_text(pam_ / "metrics.jsonl");
  for (const auto& [line, key] :
       {std::pair(R"({"kind":"step","step":21,"loss":"2.5"})", "loss"),
        std::pair(R"({"kind":"step","step":"21","loss":2.5})", "step"),
        std::pair(R"({"kind":"epoch","step":21,"valid_loss":[1]})", "valid_loss")}) {
    write_text(pam_ / "metrics.jsonl", before + line + "\n");
    EXPECT_NE(problem().find("pam-1/metrics.jsonl:22: \"" + std::string(key) + "\" "),
              std::string::npos)
        << line;
  }
  write_text(pam_ / "metrics.jsonl", before + R"({"kind":"step","step":21,"loss":"NaN"})" + "\n");
  compare({runs_});
  EXPECT_EQ(arm("pam")["status"], "diverged");
}

TEST_F(one_problem, is_a_finished_run_without_a_line_of_metrics) {
  for (const char* const metrics : {"", "\n", "{}\n{\"kind\":\"other\",\"step\":20}\n"}) {
    write_text(pam_ / "metrics.jsonl", metrics);
    EXPECT_NE(problem().find("pam-1/metrics.jsonl: no line of it"), std::string::npos) << metrics;
  }
  // What was refused before its first step has none.
  edit(pam_ / "summary.json", [](json& summary) {
    summary["status"] = "unverified";
    summary["value"] = nullptr;
  });
  EXPECT_TRUE(compare({runs_}).problems.empty());
}

TEST_F(one_problem, is_a_file_that_is_nested_too_deep) {
  const std::string deep = R"({"kind":)" + std::string(100'000, '[');
  for (const char* const name :
       {"config.json", "summary.json", "metrics.jsonl", "statistics.json", "sentences.json"}) {
    const std::filesystem::path file = pam_ / name;
    const bool was_there = std::filesystem::exists(file);
    const std::string before = read_text(file);
    write_text(file, deep + std::string(100'000, ']') + "}\n");
    const std::string line = problem();
    EXPECT_NE(line.find(name), std::string::npos) << line;
    EXPECT_NE(line.find(": nested deeper than 100"), std::string::npos) << line;
    if (was_there) {
      write_text(file, before);
    } else {
      std::filesystem::remove(file);
    }
  }
}

TEST_F(one_problem, is_a_file_that_is_no_regular_one) {
  for (const char* const name : {"config.json", "summary.json", "metrics.jsonl", "statistics.json",
                                 "sentences.json", "hypotheses.txt"}) {
    const std::filesystem::path file = pam_ / name;
    const bool was_there = std::filesystem::exists(file);
    const std::string before = read_text(file);
    std::filesystem::remove(file);
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
    EXPECT_EQ(problem(), file.string() + ": is no regular file");
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    EXPECT_EQ(problem(), file.string() + ": is no regular file");
    std::filesystem::remove(file);
    // A link to a file is as good as the file.
    if (was_there) std::filesystem::create_symlink(write_text(folder_ / name, before), file);
  }
  EXPECT_TRUE(compare({runs_}).problems.empty());
  ASSERT_EQ(mkfifo((runs_ / "expected.txt").c_str(), 0600), 0);
  EXPECT_EQ(compare({runs_}).problems,
            std::vector{(runs_ / "expected.txt").string() + ": is no regular file"});
}

TEST_F(run_comparison, a_folder_that_may_not_be_read_is_named) {
  write_run(runs_, {.arithmetic = "exact"});
  const auto pam = write_run(runs_, {.arithmetic = "pam"});
  std::filesystem::permissions(folder_ / ".", std::filesystem::perms::all);
  std::filesystem::permissions(pam, std::filesystem::perms::none);
  constexpr uid_t kNobody = 65534;
  const bool is_root = geteuid() == 0;  // may read everything
  if (is_root) {
    ASSERT_EQ(seteuid(kNobody), 0);
  }
  const compare_result result = compare({runs_});
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  std::filesystem::permissions(pam, std::filesystem::perms::all);
  EXPECT_EQ(result.runs, 1U);
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_NE(result.problems[0].find("pam-1: cannot be read: Permission denied"), std::string::npos)
      << result.problems[0];
}

json layer(const char* name, json gain) {
  return {{"name", name},
          {"operator", "linear"},
          {"arithmetic", "pam"},
          {"gain", gain},
          {"norm_ratio", gain},
          {"cosine", 1.0},
          {"output",
           {{"elements", 100}, {"zeros", 25}, {"subnormals", 0}, {"infinities", 0}, {"nans", 1}}},
          {"forward_products", {{"sampled", 50}, {"overflows", 1}, {"underflows", 2}}},
          {"backward_products", {{"sampled", 50}, {"overflows", 0}, {"underflows", 3}}}};
}

json statistics_of(json operators) {
  return {{"schema", "pamkit.statistics/1"},
          {"layers",
           {layer("encoder.0.up", 0.25), layer("encoder.0.down", 0.75), layer("odd", nullptr)}},
          {"gradients",
           {{{"name", "encoder.0.up.bias"}, {"cosine", -0.9}, {"gradient", {{"elements", 0}}}},
            {{"name", "encoder.0.up.weight"},
             {"cosine", 0.5},
             {"norm_ratio", 2.0},
             {"gradient", {{"elements", 10}, {"zeros", 5}}}},
            {{"name", "encoder.0.down.weight"},
             {"cosine", 1.0},
             {"norm_ratio", 1.0},
             {"gradient", {{"elements", 10}, {"zeros", 0}}}}}},
          {"norm_widths", {128, 192}},
          {"operators", std::move(operators)}};
}

json products(const char* arithmetic, double terms, double multiplications,
              const char* reason = "") {
  return {{"operator", "linear"}, {"place", "forward"}, {"arithmetic", arithmetic},
          {"terms", terms},       {"additions", terms}, {"multiplications", multiplications},
          {"quotients", 0},       {"reason", reason}};
}

TEST_F(run_comparison, statistics_give_gains_multiplications_left_and_energy) {
  write_run(runs_, {.arithmetic = "native",
                    .statistics = statistics_of(json::array({products("exact", 1000, 1000)}))});
  write_run(runs_, {.arithmetic = "pam",
                    .scope = "norm",
                    .statistics = statistics_of(json::array(
                        {products("pam", 900, 0), products("exact", 100, 100, "by <choice>")}))});
  write_run(runs_, {.arithmetic = "exact"});
  compare({runs_});
  const json step = arm("pam+norm")["step"];
  EXPECT_EQ(step["products"], 1000);
  EXPECT_EQ(step["multiplications"], 100);
  EXPECT_EQ(step["multiplications_left"], 0.1);
  EXPECT_EQ(step["multiplications_by_place"]["forward"], 100);
  // At 45 nm: 900 products of two integer additions of 0.1 pJ, 100 of 3.7 pJ, 1000 sums of 0.9 pJ.
  const double expected = (900 * 0.2 + 100 * 3.7 + 1000 * 0.9) / (1000 * (3.7 + 0.9));
  // A dozen roundings of binary64 on either side.
  constexpr double kRounding = 24 * 0x1p-53;
  EXPECT_NEAR(step["energy"][0]["of_baseline"].get<double>(), expected, kRounding);
  EXPECT_EQ(arm("native")["step"]["multiplications_left"], 1);
  EXPECT_FALSE(arm("exact").contains("step"));

  const json result = written();
  ASSERT_EQ(result["statistics"].size(), 2U);
  EXPECT_EQ(result["statistics"][1]["layers"][0]["gain"], 0.25);
  EXPECT_FALSE(result["statistics"][1]["layers"][2].contains("gain"));
  // Mean, least and greatest gain; mean and least cosine; 75 zeros of 300 outputs, 5 of 20
  // gradients; 3 overflows and 15 underflows among 300 products.
  EXPECT_NE(
      markdown().find("| pam+norm | 1 | 0.5000 | 0.2500 | 0.7500 | 0.7500 | 0.5000 | 25.0 % | "
                      "25.0 % | 3 | 15 | 300 |"),
      std::string::npos)
      << markdown();
  EXPECT_NE(page().find("by &lt;choice&gt;"), std::string::npos);
  const std::string hazards = result["hazards"].dump();
  for (const char* const part :
       {"10.0 % of the multiplications of a step are left", "gain of 0.5000 in the mean",
        "row length of 192", "3 NaNs among the outputs", "3 of 300 sampled products overflow",
        "no statistics.json of exact"}) {
    EXPECT_NE(hazards.find(part), std::string::npos) << part << " in " << hazards;
  }
  EXPECT_EQ(hazards.find("row length of 128"), std::string::npos);
}

TEST_F(run_comparison, a_loss_shows_its_leak_and_where_its_logits_went) {
  const auto with_loss = [](double mean, double leak, double size) {
    json statistics = statistics_of(json::array());
    statistics["sample"] = {{"loss", 2.5}, {"exact_loss", 2.25}};
    statistics["loss"] = {{"rows", 8},
                          {"logits_mean", mean},
                          {"logits_deviation", 5.0},
                          {"leak", leak},
                          {"leak_size", size}};
    return statistics;
  };
  write_run(runs_, {.arithmetic = "exact", .statistics = with_loss(-70, 0, 0)});
  write_run(runs_,
            {.arithmetic = "pam", .scope = "loss", .statistics = with_loss(-70, 0.055, 0.056)});
  write_run(runs_ / "all",
            {.arithmetic = "pam", .scope = "all", .statistics = with_loss(-5, -0.02, 0.4)});
  compare({runs_});
  EXPECT_NE(
      markdown().find("| pam+loss | 1 | 2.5000 | 2.2500 | -70.00 | 5.00 | 5.5 % | 5.6 % |"),
      std::string::npos)
      << markdown();
  EXPECT_NE(page().find("id=\"losses\""), std::string::npos);
  EXPECT_EQ(written()["statistics"][1]["loss"]["logits_mean"], -70);
  const std::string hazards = written()["hazards"].dump();
  for (const char* const part :
       {"2.5000 on the batch of its statistics, where exact arithmetic has 2.2500",
        "but to 5.5 % of their mass, 5.6 % in size", "but to -2.0 % of their mass, 40.0 % in size",
        "pam+loss: its logits have a mean of -70.00 and deviate by 5.00 in a row"}) {
    EXPECT_NE(hazards.find(part), std::string::npos) << part << " in " << hazards;
  }
  // What moves the logits of an exact arm is not its gradient's leak; and -5 is not far.
  EXPECT_EQ(hazards.find("exact: its logits"), std::string::npos);
  EXPECT_EQ(hazards.find("pam+all: its logits"), std::string::npos);
}

TEST_F(run_comparison, damaged_statistics_are_one_line) {
  write_run(runs_, {.arithmetic = "exact"});
  write_run(runs_, {.arithmetic = "pam", .statistics = {{"schema", "other"}}});
  const compare_result result = compare({runs_});
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_NE(result.problems[0].find("statistics.json: schema is not"), std::string::npos);
  write_run(runs_, {.arithmetic = "pam",
                    .statistics = statistics_of(json::array({products("pam", 900, 0), 3}))});
  EXPECT_EQ(compare({runs_}).problems, std::vector{(runs_ / "pam-1" / "statistics.json").string() +
                                                   ": \"operators[1]\" is no object"});
  json statistics = statistics_of(json::array());
  statistics["layers"][1]["output"]["zeros"] = "25";
  write_run(runs_, {.arithmetic = "pam", .statistics = statistics});
  EXPECT_EQ(compare({runs_}).problems,
            std::vector{(runs_ / "pam-1" / "statistics.json").string() +
                        ": \"layers[1].output.zeros\" is neither a number nor null"});
}

TEST_F(run_comparison, hazards_of_wide_scopes_are_named) {
  write_run(runs_, {.arithmetic = "exact", .scope = "all"});
  write_run(folder_ / "pam", {.arithmetic = "pam", .scope = "optimizer"});
  compare({runs_, folder_ / "pam"});
  std::string pam;
  std::string exact;
  const json result = written();
  for (const json& hazard : result["hazards"]) {
    const auto text = hazard.get<std::string>();
    (text.find("pam+optimizer:") != std::string::npos ? pam : exact) += text + "\n";
  }
  for (const char* const part : {"0/0", "the loss itself", "forget about 1.4 times too fast"}) {
    EXPECT_NE(pam.find(part), std::string::npos) << part;
    EXPECT_EQ(exact.find(part), std::string::npos) << part;
  }
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
             R"({"schema":"pamkit.run_config/1",)"
             R"("run":{"recipe":"r","arithmetic":"<script>alert(1)</script>"}})");
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
