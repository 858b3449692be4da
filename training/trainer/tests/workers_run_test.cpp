#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "copy_task.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/philox.hpp"

namespace pamkit::training::test {
namespace {

namespace fs = std::filesystem;

bool has_mpirun() { return !std::string(PAMKIT_MPIRUN).empty(); }

#define PAMKIT_NEEDS_MPIRUN \
  if (!has_mpirun()) GTEST_SKIP() << "Open MPI was not found when this was configured"

// The program with these arguments as one of `count` workers; alone where that is 1.
command_line by_workers(int count, const words& arguments) {
  const words program = with({PAMKIT_TRAIN_PROGRAM}, arguments);
  if (count == 1) return {program};
  return {with({"env", "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
                PAMKIT_MPIRUN, "--oversubscribe", "--bind-to", "none", "-n", std::to_string(count)},
               program)};
}

std::string hash_of(const fs::path& run) { return summary_of(run).at("parameters_sha256"); }

// Lines of our own, without mpirun's.
words lines_of(const program_result& result) {
  words lines;
  std::istringstream text(result.standard_error);
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("pamkit: ")) lines.push_back(line);
  }
  return lines;
}

// Losses of all steps, and whether each is there once.
std::vector<double> losses_of(const fs::path& run) {
  std::vector<double> losses;
  for (const auto& record : metrics_of(run, "step")) {
    losses.push_back(record.at("loss"));
    EXPECT_EQ(record.at("step"), losses.size());
  }
  return losses;
}

// Trains with 1, 2 and 4 workers; all that is computed is the same.
void expect_equal_workers(const copy_task& task,
                          const std::function<words(const std::string&)>& arguments,
                          const words& runs) {
  std::map<std::string, std::string> hashes;
  std::map<std::string, std::vector<double>> losses;
  for (const int count : {1, 2, 4}) {
    const std::string out = "workers-" + std::to_string(count);
    const auto result = run_program(task, by_workers(count, arguments(out)));
    ASSERT_EQ(result.exit_code, 0) << result.standard_error;
    for (const std::string& run : runs) {
      const fs::path folder = task.folder() / out / run;
      EXPECT_EQ(summary_of(folder).at("workers"), count);
      if (count == 1) {
        hashes[run] = hash_of(folder);
        losses[run] = losses_of(folder);
      }
      EXPECT_EQ(hash_of(folder), hashes[run]) << run << ", " << count << " workers";
      EXPECT_EQ(losses_of(folder), losses[run]) << run << ", " << count << " workers";
      EXPECT_EQ(read_file(folder / "parameters.safetensors"),
                read_file(task.folder() / "workers-1" / run / "parameters.safetensors"));
    }
  }
}

// Bytes with `length` of them to train on, in train.txt and val.txt.
fs::path write_bytes(const copy_task& task, std::size_t length) {
  const fs::path folder = task.folder() / "bytes";
  fs::create_directories(folder);
  std::string text;
  for (std::uint32_t i = 0; i < 400; ++i) {
    text += static_cast<char>('a' + random_bits(1, 7, 0, i, 0) % 16);
  }
  std::ofstream(folder / "train.txt") << text.substr(0, length);
  std::ofstream(folder / "val.txt") << text.substr(200, 60);
  return folder;
}

words bytes_arguments(const copy_task& task, const fs::path& data, const std::string& out,
                      const std::string& arithmetic) {
  words arguments = {"train",        "charlm",
                     "--arithmetic", arithmetic,
                     "--data",       data.string(),
                     "--out",        (task.folder() / out).string(),
                     "--threads",    "1"};
  for (const char* const setting : {"model.layers=1", "model.width=16", "model.feed_forward=32",
                                    "model.heads=2", "model.dropout=0.1", "data.context=12"}) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  return arguments;
}

TEST(WorkersRun, TheirNumberChangesNoBitOfTranslation) {
  PAMKIT_NEEDS_MPIRUN;
  const copy_task task;
  expect_equal_workers(task,
                       [&](const std::string& out) {
                         return with(task.train_arguments(out, "exact,pam,adder"),
                                     {"--steps", "5", "--threads", "1", "--set", "training.parts=4",
                                      "--set", "training.clip_norm=1"});
                       },
                       {"exact-1", "pam-1", "adder-1"});
}

TEST(WorkersRun, TheirNumberChangesNoBitOfBytesAlsoWhereTheArithmeticComputesTheWholeStep) {
  PAMKIT_NEEDS_MPIRUN;
  const copy_task task;
  const fs::path data = write_bytes(task, 400);
  // Six pieces: parts of one and of two.
  expect_equal_workers(
      task,
      [&](const std::string& out) {
        return with(bytes_arguments(task, data, out, "exact,pam,adder"),
                    {"--steps", "5", "--set", "training.parts=4", "--set", "data.batch=6"});
      },
      {"exact-1", "pam-1", "adder-1"});
  fs::remove_all(task.folder() / "workers-1");
  fs::remove_all(task.folder() / "workers-2");
  fs::remove_all(task.folder() / "workers-4");
  expect_equal_workers(task,
                       [&](const std::string& out) {
                         return with(bytes_arguments(task, data, out, "pam"),
                                     {"--steps", "5", "--scope", "all", "--set", "training.parts=4",
                                      "--set", "data.batch=6"});
                       },
                       {"pam+all-1"});
}

TEST(WorkersRun, TheirNumberChangesNoBitOfMixedImagesWithBatchNorm) {
  PAMKIT_NEEDS_MPIRUN;
  const copy_task task;
  const fs::path data = task.folder() / "images";
  fs::create_directories(data);
  for (const auto& [name, count] :
       {std::pair{"data_batch_1.bin", 17}, std::pair{"test_batch.bin", 3}}) {
    std::ofstream file(data / name, std::ios::binary);
    for (int i = 0; i < count; ++i) {
      file.put(static_cast<char>(i % 10));
      for (int k = 0; k < 3072; ++k) file.put(static_cast<char>(k * (i + 3)));
    }
  }
  expect_equal_workers(task,
                       [&](const std::string& out) {
                         return words{"train",        "cnn-small-cifar10",
                                      "--arithmetic", "adder",
                                      "--data",       data.string(),
                                      "--out",        (task.folder() / out).string(),
                                      "--threads",    "1",
                                      "--steps",      "2",
                                      "--set",        "data.batch=8",
                                      "--set",        "training.parts=4",
                                      "--set",        "augment.mixup=0.8",
                                      "--set",        "augment.cutmix=1"};
                       },
                       {"adder-1"});
}

// All pieces of a text of context + 1 bytes are the same, so that four parts of one piece each are
// four times a quarter of what one piece gives: sums of powers of two times the same, without
// rounding.
TEST(WorkersRun, PartsOfEqualContentAddUpToOne) {
  const copy_task task;
  const fs::path data = write_bytes(task, 13);
  for (const char* const scope : {"matmul", "loss"}) {
    for (const char* const parts : {"1", "4"}) {
      const auto result =
          run_program(task, with(bytes_arguments(task, data, parts, "pam"),
                                 {"--steps", "4", "--scope", scope, "--set", "model.dropout=0",
                                  "--set", std::string("training.parts=") + parts, "--set",
                                  std::string("data.batch=") + parts}));
      ASSERT_EQ(result.exit_code, 0) << result.standard_error;
    }
    const std::string run = scope == std::string("loss") ? "pam+loss-1" : "pam-1";
    EXPECT_EQ(hash_of(task.folder() / "1" / run), hash_of(task.folder() / "4" / run)) << scope;
    EXPECT_EQ(losses_of(task.folder() / "1" / run), losses_of(task.folder() / "4" / run)) << scope;
  }
}

TEST(WorkersRun, PartsThatTheyCannotShareAreRefused) {
  PAMKIT_NEEDS_MPIRUN;
  const copy_task task;
  const auto result = run_program(task, by_workers(3, with(task.train_arguments("runs", "pam"),
                                                           {"--set", "training.parts=4"})));
  EXPECT_EQ(result.exit_code, 2) << result.standard_error;
  EXPECT_EQ(
      lines_of(result),
      (words{"pamkit: train: 3 workers cannot have equal shares of training.parts = 4; give --set "
             "training.parts=6 (its bits differ from those of 4), or start 1, 2 or 4 workers"}));
  EXPECT_FALSE(fs::exists(task.folder() / "runs" / "pam-1"));
}

TEST(WorkersRun, WrongUseIsSaidOnce) {
  PAMKIT_NEEDS_MPIRUN;
  const copy_task task;
  words elsewhere = task.train_arguments("runs", "pam");
  *(std::ranges::find(elsewhere, "--data") + 1) = "/nowhere";
  for (const auto& [arguments, part] :
       {std::pair{task.train_arguments("runs", "pan"), "'pan' is not known"},
        std::pair{with(task.train_arguments("runs", "pam"), {"--no-such"}), "--no-such"},
        std::pair{with(elsewhere, {"--set", "training.parts=2"}), "/nowhere: no such folder"}}) {
    const auto result = run_program(task, by_workers(2, arguments));
    EXPECT_EQ(result.exit_code, 2) << result.standard_error;
    ASSERT_EQ(lines_of(result).size(), 1U) << result.standard_error;
    EXPECT_NE(lines_of(result)[0].find(part), std::string::npos) << result.standard_error;
  }
}

TEST(WorkersRun, OtherDataAtOneWorkerAreNamed) {
  PAMKIT_NEEDS_MPIRUN;
  const copy_task task;
  const fs::path other = task.folder() / "other";
  fs::copy(task.data(), other, fs::copy_options::recursive);
  for (const char* const language : {".de", ".en"}) {
    std::ofstream(other / (std::string("train") + language), std::ios::app) << "ein haus\n";
  }
  words arguments = with(task.train_arguments("runs", "pam"), {"--set", "training.parts=2"});
  words second = arguments;
  *(std::ranges::find(second, "--data") + 1) = other.string();
  // mpirun ... -n 1 PROGRAM ARGUMENTS : -n 1 PROGRAM OTHERS
  words command = by_workers(2, arguments).words;
  *(std::ranges::find(command, "-n") + 1) = "1";
  command = with(with(command, {":", "-n", "1", PAMKIT_TRAIN_PROGRAM}), second);
  const auto result = run_program(task, command_line{command});
  EXPECT_EQ(result.exit_code, 2) << result.standard_error;
  ASSERT_EQ(lines_of(result).size(), 1U) << result.standard_error;
  EXPECT_NE(lines_of(result)[0].find("worker 1 has corpus_sha256 = "), std::string::npos)
      << result.standard_error;
}

TEST(WorkersRun, AProgramWithoutOpenMpiRefusesToBeOneOfSeveral) {
  const copy_task task;
  const auto arguments = with(task.train_arguments("runs", "pam"), {"--steps", "2"});
  for (const auto& [rank, lines] : {std::pair{"0", 1}, std::pair{"1", 0}}) {
    const auto result =
        run_program(task, command_line{with({"env", "OMPI_COMM_WORLD_SIZE=2",
                                             std::string("OMPI_COMM_WORLD_RANK=") + rank,
                                             PAMKIT_TRAIN_PROGRAM_WITHOUT_MPI},
                                            arguments)});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(std::ranges::count(result.standard_error, '\n'), lines) << result.standard_error;
  }
  EXPECT_FALSE(fs::exists(task.folder() / "runs"));
}

// Processes that `process` started.
std::vector<int> children_of(int process) {
  std::vector<int> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t behind_name = text.rfind(')');
    if (behind_name == std::string::npos) continue;
    std::istringstream rest(text.substr(behind_name + 1));
    char state = 0;
    int parent = 0;
    if (rest >> state >> parent && parent == process) {
      found.push_back(std::stoi(name));
    }
  }
  std::ranges::sort(found);  // the order in which they were started: ranks
  return found;
}

// What a run folder may hold at any moment: whole files, and at most a file being written.
void expect_undamaged(const fs::path& run) {
  for (const auto& entry : fs::directory_iterator(run)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".partial")) continue;
    if (name.ends_with(".json")) {
      EXPECT_TRUE(nlohmann::json::accept(read_file(entry.path()))) << name;
    }
  }
}

TEST(WorkersRun, AKilledWorkerEndsTheJobWithOneLineAndTheNextGoesOn) {
  PAMKIT_NEEDS_MPIRUN;
  const copy_task task;
  const auto whole =
      with(task.train_arguments("whole", "pam"), {"--steps", "40", "--set", "training.parts=2"});
  ASSERT_EQ(run_program(task, whole).exit_code, 0);
  const auto killed =
      with(task.train_arguments("killed", "pam"), {"--steps", "40", "--set", "training.parts=2"});
  const fs::path run = task.folder() / "killed" / "pam-1";
  std::uint64_t step = 4;
  for (const std::size_t rank : {1U, 0U}) {
    training_program job(task.folder(), by_workers(2, killed));
    ASSERT_TRUE(wait_for_checkpoint(run, step));
    const std::vector<int> processes = children_of(job.process());
    ASSERT_EQ(processes.size(), 2U);
    ::kill(processes[rank], SIGKILL);
    const auto result = job.wait();
    EXPECT_NE(result.exit_code, 0);
    const auto lines = lines_of(result);
    ASSERT_FALSE(lines.empty()) << result.standard_error;
    // From which step: the workers may not have agreed on the newest checkpoint yet.
    EXPECT_NE(lines.back().find("worker " + std::to_string(rank) +
                                " is gone (killed, or out of memory); the same command goes on "),
              std::string::npos)
        << result.standard_error;
    expect_undamaged(run);
    step = 12;
  }
  const auto result = run_program(task, by_workers(2, killed));
  ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_NE(result.standard_error.find("going on after step"), std::string::npos);
  EXPECT_EQ(hash_of(run), hash_of(task.folder() / "whole" / "pam-1"));
  EXPECT_EQ(losses_of(run), losses_of(task.folder() / "whole" / "pam-1"));
}

TEST(WorkersRun, AWorkerThatIsToldToStopStopsAllAfterTheSameStep) {
  PAMKIT_NEEDS_MPIRUN;
  const copy_task task;
  const auto arguments =
      with(task.train_arguments("runs", "exact"), {"--steps", "40", "--set", "training.parts=2"});
  const fs::path run = task.folder() / "runs" / "exact-1";
  training_program job(task.folder(), by_workers(2, arguments));
  ASSERT_TRUE(wait_for_checkpoint(run, 4));
  const std::vector<int> processes = children_of(job.process());
  ASSERT_EQ(processes.size(), 2U);
  ::kill(processes[1], SIGTERM);
  const auto result = job.wait();
  EXPECT_EQ(result.exit_code, 130) << result.standard_error;
  EXPECT_EQ(lines_of(result), (words{"pamkit: interrupted; the same command goes on from here"}));
  EXPECT_EQ(checkpoints_of(run).size(), 2U);
  ASSERT_EQ(run_program(task, by_workers(2, arguments)).exit_code, 0);
  const auto whole =
      with(task.train_arguments("whole", "exact"), {"--steps", "40", "--set", "training.parts=2"});
  ASSERT_EQ(run_program(task, whole).exit_code, 0);
  EXPECT_EQ(hash_of(run), hash_of(task.folder() / "whole" / "exact-1"));
}

// Ten times a job is killed at a random moment and started again, as many as it takes are then left
// alone.
void expect_same_after_kills(int workers) {
  const copy_task task;
  // Each start trains a few steps: the run must last for ten of them on a fast machine too.
  const words more = {"--steps",          "160",   "--threads",         "1", "--set",
                      "training.parts=2", "--set", "checkpoint.steps=1"};
  ASSERT_EQ(run_program(task, with(task.train_arguments("whole", "pam"), more)).exit_code, 0);
  const auto killed = with(task.train_arguments("killed", "pam"), more);
  const fs::path run = task.folder() / "killed" / "pam-1";
  int kills = 0;
  std::uint64_t before = 0;
  for (std::uint32_t i = 0; i < 10; ++i) {
    training_program job(task.folder(), by_workers(workers, killed));
    // From one of the first checkpoints of this start on, so that each kill meets a run that trains.
    ASSERT_TRUE(wait_for_checkpoint(run, before + 1 + random_bits(5, i, 0, 0, 2) % 4));
    std::this_thread::sleep_for(std::chrono::microseconds(random_bits(5, i, 0, 0, 0) % 10000));
    const std::vector<int> processes =
        workers == 1 ? std::vector<int>{job.process()} : children_of(job.process());
    if (!processes.empty()) {
      ::kill(processes[random_bits(5, i, 0, 0, 1) % processes.size()], SIGKILL);
    }
    kills += job.wait().exit_code == 0 ? 0 : 1;
    if (fs::exists(run / "summary.json")) break;
    expect_undamaged(run);
    const std::string newest = checkpoints_of(run).back().stem().string();
    before = std::stoull(newest.substr(newest.rfind('-') + 1));
  }
  EXPECT_EQ(kills, 10) << "the run ended before it was killed so often";
  const auto result = run_program(task, by_workers(workers, killed));
  ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_EQ(hash_of(run), hash_of(task.folder() / "whole" / "pam-1"));
  EXPECT_EQ(losses_of(run), losses_of(task.folder() / "whole" / "pam-1"));
}

TEST(WorkersRun, OneKilledAtTenRandomMomentsEndsWithTheSameParameters) {
  expect_same_after_kills(1);
}

TEST(WorkersRun, TwoOfWhichOneIsKilledAtTenRandomMomentsEndWithTheSameParameters) {
  PAMKIT_NEEDS_MPIRUN;
  expect_same_after_kills(2);
}

}  // namespace
}  // namespace pamkit::training::test
