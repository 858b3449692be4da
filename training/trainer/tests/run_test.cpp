#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <tuple>

#include "copy_task.hpp"
#include "pamkit/training/bleu.hpp"
#include "pamkit/training/corpus.hpp"

namespace pamkit::training::test {
namespace {

std::vector<std::string> with(std::vector<std::string> arguments,
                              std::initializer_list<const char*> more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::string hash_of(const std::filesystem::path& run) {
  return summary_of(run).at("parameters_sha256");
}

// A run of a tiny byte model on text of its own.
words bytes_arguments(const copy_task& task, const std::string& out) {
  const auto folder = task.folder() / "bytes";
  std::filesystem::create_directories(folder);
  for (const char* const name : {"train.txt", "val.txt"}) {
    std::ofstream(folder / name) << std::string(400, 'a') << std::string(400, 'b');
  }
  return {"train",        "charlm",
          "--arithmetic", "exact",
          "--data",       folder.string(),
          "--out",        (task.folder() / out).string(),
          "--set",        "model.layers=1",
          "--set",        "model.width=16",
          "--set",        "model.feed_forward=32",
          "--set",        "model.heads=2",
          "--set",        "data.context=20",
          "--set",        "data.batch=10"};
}

TEST(Run, EveryArmLearnsToCopyAndWritesWhatTheInterfaceNames) {
  const copy_task task;
  const auto result = run_program(
      task, with(task.train_arguments("runs", "exact,pam,adder,l_mul,power_of_two,native"),
                 {"--epochs", "4", "--threads", "1"}));
  ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  for (const char* const label : {"exact", "pam", "adder", "l_mul", "power_of_two", "native"}) {
    const auto run = task.folder() / "runs" / (std::string(label) + "-1");
    const auto epochs = metrics_of(run, "epoch");
    ASSERT_EQ(epochs.size(), 5U);  // the initial parameters, then four epochs
    EXPECT_LT(epochs.back().at("valid_loss"), epochs.front().at("valid_loss")) << label;
    const auto summary = summary_of(run);
    EXPECT_EQ(summary.at("schema"), "pamkit.run/1");
    EXPECT_EQ(summary.at("spec"), "1");
    EXPECT_EQ(summary.at("arithmetic"), label);
    EXPECT_EQ(summary.at("status"), "complete");
    EXPECT_EQ(summary.at("metric"), "bleu");
    EXPECT_EQ(summary.at("verification").at("status"),
              std::string(label) == "native" ? "not-run" : "pass");
    const auto hypotheses = read_lines(run / "hypotheses.txt");
    const auto references = read_lines(run / "references.txt");
    EXPECT_EQ(summary.at("value").get<double>(), corpus_bleu(hypotheses, references).score);
    EXPECT_EQ(metrics_of(run, "step").size(), summary.at("steps").get<std::size_t>());
  }
}

TEST(Run, ThreadsChangeNoBit) {
  const copy_task task;
  for (const char* const threads : {"1", "2", "3"}) {
    const auto result = run_program(task, with(task.train_arguments(threads, "exact,pam,adder"),
                                               {"--steps", "12", "--threads", threads}));
    ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  }
  for (const char* const run : {"exact-1", "pam-1", "adder-1"}) {
    const std::string expected = hash_of(task.folder() / "1" / run);
    EXPECT_EQ(hash_of(task.folder() / "2" / run), expected) << run;
    EXPECT_EQ(hash_of(task.folder() / "3" / run), expected) << run;
  }
}

TEST(Run, TheScalarBackendGivesTheSameBits) {
  const copy_task task;
  for (const char* const backend : {"simd", "scalar"}) {
    const auto result = run_program(
        task, with(task.train_arguments(backend, "pam"), {"--steps", "4", "--backend", backend}));
    ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  }
  EXPECT_EQ(hash_of(task.folder() / "simd" / "pam-1"), hash_of(task.folder() / "scalar" / "pam-1"));
}

TEST(Run, ScopesAndWidthsChangeNoBitWithThreadsAndHaveFoldersOfTheirOwn) {
  const copy_task task;
  const auto all = [&](const char* out, const char* threads) {
    return with(
        task.train_arguments(out, "pam"),
        {"--steps", "6", "--threads", threads, "--scope", "all", "--set", "training.clip_norm=1",
         "--set", "training.moment_decay=corrected", "--set", "training.loss_gradient=centred"});
  };
  for (const char* const threads : {"1", "3"}) {
    const auto result = run_program(task, all(threads, threads));
    ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  }
  const auto one = summary_of(task.folder() / "1" / "pam+all-1");
  EXPECT_EQ(one.at("scope"), "all");
  EXPECT_GT(one.at("verification").at("layers"), 20);
  EXPECT_EQ(one.at("verification").at("status"), "pass");
  EXPECT_EQ(hash_of(task.folder() / "3" / "pam+all-1"), one.at("parameters_sha256"));
  const auto result = run_program(task, with(task.train_arguments("m", "pam"),
                                             {"--steps", "3", "--scope", "norm", "--derivative",
                                              "exact", "--format", "binary32m5"}));
  ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_EQ(summary_of(task.folder() / "m" / "pam+norm+exact+binary32m5-1").at("format"),
            "binary32m5");
}

TEST(Run, EachScopeChangesWhatTheOneBeforeDoesNot) {
  const copy_task task;
  std::vector<std::string> hashes;
  for (const char* const scope : {"matmul", "softmax", "norm", "loss", "optimizer", "all"}) {
    const auto result = run_program(
        task, with(task.train_arguments("runs", "pam"), {"--steps", "2", "--scope", scope}));
    ASSERT_EQ(result.exit_code, 0) << result.standard_error;
    const std::string name =
        scope == std::string("matmul") ? "pam-1" : "pam+" + std::string(scope) + "-1";
    hashes.push_back(hash_of(task.folder() / "runs" / name));
  }
  std::ranges::sort(hashes);
  EXPECT_EQ(std::ranges::unique(hashes).size(), 0U);
}

TEST(Run, AFinishedRunEvaluatesToItsOwnScoreAndTranslates) {
  const copy_task task;
  ASSERT_EQ(
      run_program(task, with(task.train_arguments("runs", "pam"), {"--epochs", "3"})).exit_code, 0);
  const auto run = task.folder() / "runs" / "pam-1";
  const auto hypotheses = task.folder() / "hypotheses.txt";
  const auto result = run_program(task, {"evaluate", run.string(), "--data", task.data().string(),
                                         "--hypotheses", hypotheses.string()});
  ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_EQ(read_file(hypotheses), read_file(run / "hypotheses.txt"));
  const auto printed = run_program(
      task, {"evaluate", run.string(), "--data", task.data().string(), "--hypotheses", "-"});
  EXPECT_EQ(printed.standard_output, read_file(run / "hypotheses.txt"));
  EXPECT_EQ(printed.standard_error, result.standard_output);

  for (const std::string& command :
       {" evaluate " + run.string() + " --data " + task.data().string(),
        " translate " + run.string() + " < " + (task.data() / "val.de").string()}) {
    const auto on_terminal =
        run_program(task, command_line{{"script", "--quiet", "--return", "--command",
                                        PAMKIT_TRAIN_PROGRAM + command, "/dev/null"}});
    EXPECT_EQ(on_terminal.exit_code, 0);
    EXPECT_NE(on_terminal.standard_output.find(": 0 %"), std::string::npos) << command;
  }
  const double value = summary_of(run).at("value");
  char expected[64];
  std::snprintf(expected, sizeof expected, "bleu %.4f (", value);
  EXPECT_EQ(result.standard_output.substr(0, std::string(expected).size()), expected);
  const auto missing = run_program(
      task, {"evaluate", (task.folder() / "runs").string(), "--data", task.data().string()});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_NE(missing.standard_error.find("holds no config.json"), std::string::npos);
}

TEST(Run, DataAreListedAndChecked) {
  const copy_task task;
  const auto list = run_program(task, {"data", "list", "--json"});
  ASSERT_EQ(list.exit_code, 0) << list.standard_error;
  bool multi30k = false;
  for (const auto& set : nlohmann::json::parse(list.standard_output)) {
    EXPECT_FALSE(set.at("licence").get<std::string>().empty());
    multi30k = multi30k || set.at("name") == "multi30k";
    for (const auto& file : set.value("files", nlohmann::json::array())) {
      EXPECT_EQ(file.at("sha256").get<std::string>().size(), 64U);
    }
  }
  EXPECT_TRUE(multi30k);
  const auto check = run_program(task, {"data", "check", task.data().string()});
  EXPECT_EQ(check.exit_code, 0);
  EXPECT_NE(check.standard_output.find("train: 160 pairs"), std::string::npos);
  EXPECT_EQ(run_program(task, {"data", "check", "/nowhere"}).exit_code, 2);
  EXPECT_EQ(run_program(task, {"data", "get", "imagenet"}).exit_code, 2);
  EXPECT_EQ(run_program(task, {"data", "get", "no-such"}).exit_code, 2);
}

// The sentences of a line that is left out would otherwise be missed by nobody.
TEST(Run, PairsThatAreLeftOutAreToldOnceAndCounted) {
  const copy_task task;
  const words before = with(task.train_arguments("none", "pam"), {"--steps", "2"});
  EXPECT_EQ(run_program(task, before).standard_error, "");
  const auto none = summary_of(task.folder() / "none" / "pam-1");
  EXPECT_EQ(none.at("examples"),
            nlohmann::json(
                {{"unit", "sentence pairs"}, {"train", 160}, {"validation", 20}, {"test", 12}}));
  EXPECT_EQ(none.at("dropped").at("train"), nlohmann::json({{"empty", 0}, {"long", 0}}));
  std::string text;
  for (int word = 0; word < 300; ++word) text += "ein ";
  for (const char* const language : {"de", "en"}) {
    const bool is_source = language == std::string("de");
    std::ofstream(task.data() / (std::string("train.") + language), std::ios::app)
        << (is_source ? "\nein haus\n" : "ein haus\n\n") << text << "\n";
    std::ofstream(task.data() / (std::string("val.") + language), std::ios::app)
        << (is_source ? " \n" : "ein haus\n");
  }
  const std::string told =
      "pamkit: training leaves out 3 of 163 sentence pairs: 2 with an empty side, 1 above 256 "
      "tokens\n"
      "pamkit: validation leaves out 1 of 21 sentence pairs: 1 with an empty side, 0 above 256 "
      "tokens\n";
  const auto result =
      run_program(task, with(task.train_arguments("runs", "exact,pam"), {"--steps", "2"}));
  ASSERT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.standard_error, told);
  const auto quiet =
      run_program(task, with(task.train_arguments("quiet", "pam"), {"--steps", "2", "--quiet"}));
  EXPECT_EQ(quiet.standard_error, "");
  for (const char* const run : {"runs/exact-1", "runs/pam-1", "quiet/pam-1"}) {
    const auto summary = summary_of(task.folder() / run);
    EXPECT_EQ(summary.at("dropped"), nlohmann::json({{"train", {{"empty", 2}, {"long", 1}}},
                                                     {"validation", {{"empty", 1}, {"long", 0}}}}));
    EXPECT_EQ(summary.at("examples").at("train"), 160);
  }
  EXPECT_EQ(
      run_program(task, {"data", "check", task.data().string()}).standard_output,
      "train: 163 pairs, of which training leaves out at least 2 with an empty side, 1 above "
      "256 tokens\n"
      "val: 21 pairs, of which training leaves out at least 1 with an empty side, 0 above 256 "
      "tokens\n"
      "test_small: 12 pairs\n");
}

TEST(Run, KilledAndStartedAgainEndsWithTheSameParameters) {
  const copy_task task;
  const auto whole = with(task.train_arguments("whole", "pam"), {"--steps", "40"});
  ASSERT_EQ(run_program(task, whole).exit_code, 0);
  const auto killed = with(task.train_arguments("killed", "pam"), {"--steps", "40"});
  const auto run = task.folder() / "killed" / "pam-1";
  for (const std::uint64_t step : {4U, 17U}) {
    training_program program(task.folder(), killed);
    ASSERT_TRUE(wait_for_checkpoint(run, step));
    program.signal(SIGKILL);
    EXPECT_EQ(program.wait().exit_code, 128 + SIGKILL) << "ended before it was killed";
  }
  const auto result = run_program(task, killed);
  ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_NE(result.standard_error.find("going on after step"), std::string::npos);
  EXPECT_EQ(hash_of(run), hash_of(task.folder() / "whole" / "pam-1"));

  // Every step is there once, with the same losses.
  const auto expected = metrics_of(task.folder() / "whole" / "pam-1", "step");
  const auto got = metrics_of(run, "step");
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].at("step"), expected[i].at("step"));
    EXPECT_EQ(got[i].at("loss"), expected[i].at("loss"));
  }
}

TEST(Run, ADamagedCheckpointIsNamedAndTheOneBeforeItUsed) {
  const copy_task task;
  const auto whole = with(task.train_arguments("whole", "exact"), {"--steps", "40"});
  ASSERT_EQ(run_program(task, whole).exit_code, 0);
  const auto killed = with(task.train_arguments("killed", "exact"), {"--steps", "40"});
  const auto run = task.folder() / "killed" / "exact-1";
  training_program program(task.folder(), killed);
  ASSERT_TRUE(wait_for_checkpoint(run, 8));
  program.signal(SIGINT);
  const auto stopped = program.wait();
  EXPECT_EQ(stopped.exit_code, 130);
  EXPECT_EQ(stopped.standard_error,
            "pamkit: stopping after this step; once more ends it at once\n"
            "pamkit: interrupted; the same command goes on from here\n");
  const auto checkpoints = checkpoints_of(run);
  ASSERT_EQ(checkpoints.size(), 2U);
  std::fstream file(checkpoints.back(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(3000);
  const int byte = file.get();
  file.seekp(3000);
  file.put(static_cast<char>(byte ^ 1));
  file.close();
  const auto result = run_program(task, killed);
  ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_NE(result.standard_error.find(checkpoints.back().filename().string() +
                                       ": checkpoint is damaged"),
            std::string::npos)
      << result.standard_error;
  EXPECT_EQ(hash_of(run), hash_of(task.folder() / "whole" / "exact-1"));
}

TEST(Run, AFinishedRunIsNotRedoneAndAnotherOneNotMixedIn) {
  const copy_task task;
  const auto arguments = with(task.train_arguments("runs", "pam"), {"--steps", "3"});
  ASSERT_EQ(run_program(task, arguments).exit_code, 0);
  const auto summary = task.folder() / "runs" / "pam-1" / "summary.json";
  const std::string before = read_file(summary);
  const auto again = run_program(task, arguments);
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_NE(again.standard_error.find("this run is finished and not redone"), std::string::npos);
  EXPECT_EQ(read_file(summary), before);

  const auto other = run_program(task, with(task.train_arguments("runs", "pam"), {"--steps", "5"}));
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_NE(other.standard_error.find("settings/training/steps = 3, asked is 5"), std::string::npos)
      << other.standard_error;

  const auto forced =
      run_program(task, with(task.train_arguments("runs", "pam"), {"--steps", "5", "--force"}));
  EXPECT_EQ(forced.exit_code, 0) << forced.standard_error;
  EXPECT_EQ(summary_of(task.folder() / "runs" / "pam-1").at("steps"), 5);
}

TEST(Run, ADivergedArmIsMarkedAndTheOthersStillRun) {
  const copy_task task;
  const auto result =
      run_program(task, with(task.train_arguments("runs", "exact,pam"),
                             {"--steps", "12", "--set", "training.peak_rate=1000", "--set",
                              "training.weight_decay=1000", "--set", "training.warmup=0"}));
  EXPECT_EQ(result.exit_code, 1);
  for (const char* const label : {"exact-1", "pam-1"}) {
    const auto summary = summary_of(task.folder() / "runs" / label);
    EXPECT_EQ(summary.at("status"), "diverged");
    EXPECT_TRUE(summary.at("value").is_null());
  }
}

// No later step's loss shows it.
TEST(Run, AnArmWhoseLastUpdateLeftTheRangeDiverged) {
  const copy_task task;
  const auto result =
      run_program(task, with(bytes_arguments(task, "runs"),
                             {"--steps", "2", "--set", "training.peak_rate=1000", "--set",
                              "training.weight_decay=1000", "--set", "training.warmup=0"}));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.standard_error.find("exact-1: after the last step the "), std::string::npos);
  const auto summary = summary_of(task.folder() / "runs" / "exact-1");
  EXPECT_EQ(summary.at("status"), "diverged");
  EXPECT_EQ(summary.at("steps"), 2);
  EXPECT_TRUE(metrics_of(task.folder() / "runs" / "exact-1", "step").back().at("loss").is_number());
}

TEST(Run, WrongUseIsOneLineAndExitCodeTwo) {
  const copy_task task;
  const auto complaint = [&](const std::vector<std::string>& arguments) {
    const auto result = run_program(task, arguments);
    EXPECT_EQ(result.exit_code, 2) << result.standard_error;
    EXPECT_EQ(std::ranges::count(result.standard_error, '\n'), 1) << result.standard_error;
    return result.standard_error;
  };
  const auto contains = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(contains(complaint({"train", "charlm"}), "no data; give --data DIR"));
  EXPECT_TRUE(contains(complaint({"train", "no-such"}), "give one of charlm"));
  const auto base = task.train_arguments("runs", "pam");
  EXPECT_TRUE(contains(complaint(task.train_arguments("runs", "pan")),
                       "'pan' is not known; give "
                       "native, adder"));
  EXPECT_TRUE(contains(complaint(with(base, {"--set", "model.size=3"})), "valid keys: adder."));
  EXPECT_TRUE(contains(complaint(with(base, {"--set", "model.width=x"})), "give a number"));
  EXPECT_TRUE(contains(complaint(with(base, {"--set", "model.dropout=1.5"})), "from 0.0 to 0.999"));
  EXPECT_TRUE(contains(complaint(with(base, {"--set", "model.heads=3"})), "multiple of the heads"));
  EXPECT_TRUE(contains(complaint(with(base, {"--epochs", "2", "--steps", "3"})), "excludes"));
  EXPECT_TRUE(contains(complaint(with(base, {"--epochs", "2", "--set", "training.steps=3"})),
                       "--epochs: is given and so is --set training.steps=3"));
  EXPECT_TRUE(contains(complaint(with(base, {"--steps", "2", "--set", "training.steps=3"})),
                       "--steps: is given and so is --set training.steps=3"));
  for (const char* const seeds : {"-1", "99999999999999999999999", "1,-2", "1.5", "x"}) {
    EXPECT_TRUE(contains(complaint(with(base, {"--seeds", seeds})), "is no seed")) << seeds;
  }
  for (const char* const steps : {"0", "-1", "1e3", "010", "99999999999"}) {
    EXPECT_EQ(complaint(with(base, {"--steps", steps})),
              "pamkit: --steps: '" + std::string(steps) +
                  "' is no whole number from 1 to 1000000000; see 'pamkit train --help'\n");
    EXPECT_TRUE(contains(complaint(with(base, {"--epochs", steps})),
                         "' is no whole number from 1 to 1000000; "));
    EXPECT_TRUE(contains(complaint(with(base, {"--threads", steps})),
                         "' is no whole number from 1 to 256; "));
  }
  EXPECT_TRUE(contains(complaint(with(base, {"--seeds", "1,2,1"})), "--seeds: 1 is there twice; "));
  EXPECT_TRUE(contains(complaint(task.train_arguments("runs", "pam:1.5,exact,pam:1.50")),
                       "--arithmetic: pam:1.50 is the same as pam:1.5 before it; "));
  EXPECT_TRUE(contains(complaint(task.train_arguments("runs", "native,native")),
                       "native is the same as native before it; "));
  EXPECT_TRUE(contains(complaint(with(base, {"--test", "nothing"})), "nothing"));
  EXPECT_TRUE(
      contains(complaint(with(task.train_arguments("runs", "adder"), {"--derivative", "exact"})),
               "adder has no exact derivative"));
  EXPECT_TRUE(
      contains(complaint(with(task.train_arguments("runs", "native"), {"--derivative", "exact"})),
               "--derivative: native has LibTorch's own derivatives; give --derivative approx"));
  EXPECT_TRUE(contains(complaint(with(base, {"--set", "model.width=2.5"})),
                       "model.width is 2.5; give a whole number from 2 to 65536"));
  EXPECT_TRUE(
      contains(complaint(with(base, {"--format", "binary16"})), "give binary32 or binary32mN"));
  EXPECT_TRUE(
      contains(complaint(with(base, {"--format", "binary32m0"})), "give binary32 or binary32mN"));
  EXPECT_TRUE(contains(complaint(with(task.train_arguments("runs", "l_mul"), {"--scope", "norm"})),
                       "l_mul defines a product and no quotient"));
  EXPECT_TRUE(
      contains(complaint(with(base, {"--set", "training.optimizer=adam"})), "give adamw or sgd"));
  EXPECT_FALSE(std::filesystem::exists(task.folder() / "runs" / "pam-1"));
  std::ofstream(task.data() / "train.de", std::ios::app) << "eine Zeile zu viel\n";
  EXPECT_TRUE(contains(complaint(base), "train"));
}

TEST(Run, AMistypedWordIsNamedWithTheNearestOne) {
  const copy_task task;
  const auto base = task.train_arguments("runs", "pam");
  for (const auto& [arguments, said] : std::initializer_list<std::pair<words, const char*>>{
           {{}, "no command; there are train, "},
           {{"trian"}, "no command 'trian'; there are train, "},
           {{"trian"}, "; did you mean 'train'?; see 'pamkit --help'"},
           {{"data"}, "no command; there are list, get, check; see 'pamkit data --help'"},
           {{"data", "lst"},
            "no command 'lst'; there are list, get, check; did you mean 'list'?; see 'pamkit data "
            "--help'"},
           {{"data", "list", "--jsn"},
            "no option '--jsn'; did you mean '--json'?; see 'pamkit data list --help'"},
           {{"data", "get", "multi30"}, "; did you mean 'multi30k'?"},
           {{"train", "charlm", "x"}, "unexpected argument 'x'; see 'pamkit train --help'"},
           {{"train", "a\nb", "x\ny"}, "unexpected argument 'x\\x0Ay'; "},
           {{"train", "charl"}, "; did you mean 'charlm'?"},
           {task.train_arguments("runs", "lmul"), "; did you mean 'l_mul'?"},
           {with(base, {"--set", "model.dropuot=0.1"}), "; did you mean 'model.dropout'?"}}) {
    const auto result = run_program(task, arguments);
    EXPECT_EQ(result.exit_code, 2) << said;
    EXPECT_NE(result.standard_error.find(said), std::string::npos) << result.standard_error;
    EXPECT_EQ(std::ranges::count(result.standard_error, '\n'), 1) << result.standard_error;
  }
}

TEST(Run, EveryHelpHasExamplesAndExitCodes) {
  const copy_task task;
  for (const words& command :
       {words{"train"}, words{"evaluate"}, words{"translate"}, words{"data", "list"},
        words{"data", "get"}, words{"data", "check"}}) {
    const auto result = run_program(task, test::with(command, {"--help"}));
    EXPECT_EQ(result.exit_code, 0);
    for (const char* const part : {"\nExamples:\n  pamkit ", "\nExit codes:\n  0 ", "\n  130  "}) {
      EXPECT_NE(result.standard_output.find(part), std::string::npos) << result.standard_output;
    }
  }
}

TEST(Run, AnEmptyValueIsNoMissingOption) {
  const copy_task task;
  const auto refused = [&](const words& arguments, const std::string& option) {
    const auto result = run_program(task, arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_TRUE(result.standard_error.starts_with("pamkit: " + option + ": the value is empty; "))
        << result.standard_error;
  };
  const auto base = task.train_arguments("runs", "pam");
  for (const char* const option : {"--out", "--test", "--data", "--set"}) {
    refused({"train", "charlm", option, ""}, option);
  }
  refused({"evaluate", "runs", "--hypotheses", ""}, "--hypotheses");
  refused({"evaluate", ""}, "run");
  refused({"data", "check", ""}, "folder");
}

// Of a recipe with steps too.
TEST(Run, EpochsTakeThePlaceOfTheRecipesSteps) {
  const copy_task task;
  for (const auto& [out, option, steps] :
       {std::tuple("epochs", "--epochs", 8), std::tuple("steps", "--steps", 2)}) {
    const auto result = run_program(task, with(bytes_arguments(task, out), {option, "2"}));
    ASSERT_EQ(result.exit_code, 0) << result.standard_error;
    const auto summary = summary_of(task.folder() / out / "exact-1");
    EXPECT_EQ(summary.at("steps"), steps) << option;
    EXPECT_EQ(
        summary.at("examples"),
        nlohmann::json({{"unit", "bytes"}, {"train", 800}, {"validation", 800}, {"test", 800}}));
  }
}

TEST(Run, AFullStandardOutputIsOneLineAndExitCodeTwo) {
  const copy_task task;
  const auto train = with(task.train_arguments("runs", "pam"), {"--steps", "2"});
  ASSERT_EQ(run_program(task, train).exit_code, 0);
  const std::string run = (task.folder() / "runs" / "pam-1").string();
  for (const words& arguments :
       {words{"data", "list"}, words{"data", "check", task.data().string()}, words{"--help"},
        words{"evaluate", run, "--data", task.data().string()}, words{"translate", run},
        words(train)}) {
    words command = {"sh", "-c", "echo ein haus | \"$0\" \"$@\" >/dev/full", PAMKIT_TRAIN_PROGRAM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto result = run_program(task, command_line{command});
    EXPECT_EQ(result.exit_code, 2) << arguments[0];
    EXPECT_NE(result.standard_error.find("standard output: No space left on device; "),
              std::string::npos)
        << arguments[0] << result.standard_error;
  }
}

TEST(Run, FetchedDataTakeThePlaceOfNobodysFiles) {
  const copy_task task;
  const auto tools = task.folder() / "tools";
  std::filesystem::create_directories(tools);
  // Asked for a bar it draws one; it fails.
  std::ofstream(tools / "curl") << R"(#!/bin/sh
case $* in *--progress-bar*) printf '\r## 50%%\n' >&2 ;; esac
echo called >&2
exit 1
)";
  std::filesystem::permissions(tools / "curl", std::filesystem::perms::owner_all);
  const auto out = task.folder() / "own";
  std::filesystem::create_directories(out);
  const auto own = out / "val.en.gz";
  const auto with_tools = [&](const words& command) {
    return run_program(
        task, command_line{test::with(
                  {"sh", "-c", "unset PAMKIT_OFFLINE && PATH=\"$0/tools:$PATH\" && exec \"$@\"",
                   task.folder().string()},
                  command)});
  };
  const words command = {PAMKIT_TRAIN_PROGRAM, "data", "get", "multi30k", "--out", out.string()};
  const auto get = [&] { return with_tools(command); };
  std::ofstream(own) << "months of work";
  const auto result = get();
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.standard_error, "pamkit: " + own.string() +
                                       ": is there and is not this data set's; give another --out, "
                                       "or take it away\n");
  std::ifstream file(own);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "months of work");
  std::filesystem::remove(own);
  EXPECT_NE(get().standard_error.find("curl failed: called"), std::string::npos);
  EXPECT_EQ(get().standard_error.find("50%"), std::string::npos);

  std::string line;
  for (const std::string& word : command) line += word + " ";
  const auto on_terminal =
      with_tools({"script", "--quiet", "--return", "--command", line, "/dev/null"});
  EXPECT_EQ(on_terminal.exit_code, 2);
  EXPECT_NE(on_terminal.standard_output.find("## 50%"), std::string::npos);
  EXPECT_NE(on_terminal.standard_output.find("curl failed: called; "), std::string::npos);
}

// An apt-get without a network, or that packs two pages.
TEST(Run, TranslationWithoutDataTakesTheHelpPages) {
  const copy_task task;
  const auto tools = task.folder() / "tools";
  std::filesystem::create_directories(tools);
  const auto call = [&](const std::vector<std::string>& arguments) {
    words command = {
        "sh", "-c",
        "cd \"$0\" && unset PAMKIT_DATA PAMKIT_OFFLINE && PATH=\"$0/tools:$PATH\" && exec \"$@\"",
        task.folder().string(), PAMKIT_TRAIN_PROGRAM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_program(task, command_line{command});
  };
  std::ofstream(tools / "apt-get")
      << "#!/bin/sh\necho 'W: a warning' >&2\necho 'E: no network' >&2\nexit 100\n";
  std::filesystem::permissions(tools / "apt-get", std::filesystem::perms::owner_all);
  auto arguments = task.train_arguments("runs", "exact");
  const auto data = std::ranges::find(arguments, "--data");
  arguments.erase(data, data + 2);
  arguments.insert(arguments.end(), {"--steps", "2"});
  for (const words& command : {words{"data", "get", "lohelp"}, words(arguments)}) {
    const auto result = call(command);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.standard_error.find("Traceback"), std::string::npos) << result.standard_error;
    EXPECT_NE(
        result.standard_error.find("no Debian package libreoffice-help-de: apt-get: no network"),
        std::string::npos)
        << result.standard_error;
    // What is being made, and the complaint.
    EXPECT_EQ(std::ranges::count(result.standard_error, '\n'), 2) << result.standard_error;
    EXPECT_EQ(result.standard_error.find("give --data DIR") != std::string::npos,
              command[0] == "train");
  }
  // A folder that was fetched before.
  std::filesystem::create_directories(task.folder() / "data" / "lohelp");
  for (const auto& entry : std::filesystem::directory_iterator(task.data())) {
    if (entry.is_regular_file()) {
      std::filesystem::copy(entry.path(),
                            task.folder() / "data" / "lohelp" / entry.path().filename());
    }
  }
  const auto result = call(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_EQ(summary_of(task.folder() / "runs" / "exact-1").at("status"), "complete");
}

}  // namespace
}  // namespace pamkit::training::test
