#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>

#include "copy_task.hpp"
#include "jpeg_bytes.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/sha256.hpp"

namespace pamkit::training::test {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

// The files of a folder and of those in it, with the SHA-256 of their bytes.
std::map<std::string, std::string> content_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) files[entry.path().string()] = sha256_of_file(entry.path());
  }
  return files;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One line on standard error with `part`, and exit code 2.
void expect_refused(const program_result& result, const std::string& part) {
  EXPECT_EQ(result.exit_code, 2) << result.standard_error;
  EXPECT_EQ(std::ranges::count(result.standard_error, '\n'), 1) << result.standard_error;
  EXPECT_TRUE(result.standard_error.starts_with("pamkit: ")) << result.standard_error;
  EXPECT_NE(result.standard_error.find(part), std::string::npos) << result.standard_error;
}

// A run that was killed on its way, with a checkpoint or two.
words begun_run(const copy_task& task, const words& more = {}) {
  const words arguments = with(with(task.train_arguments("runs", "pam"), {"--steps", "40"}), more);
  training_program program(task.folder(), arguments);
  EXPECT_TRUE(wait_for_checkpoint(task.folder() / "runs" / "pam-1", 4));
  program.signal(SIGKILL);
  program.wait();
  return arguments;
}

std::string finished_hash(const copy_task& task, const words& arguments, const std::string& run) {
  const auto result = run_program(task, arguments);
  EXPECT_EQ(result.exit_code, 0) << result.standard_error;
  return summary_of(task.folder() / run).at("parameters_sha256");
}

TEST(DamagedInput, OfTextIsNamedAndLeavesABegunRunAsItWas) {
  const copy_task task;
  const words arguments = begun_run(task);
  const auto before = content_of(task.folder() / "runs" / "pam-1");
  const fs::path train = task.data() / "train.de";
  const std::string text = read_file(train);
  const auto refused_with = [&](const std::string& bytes, const std::string& part) {
    write(train, bytes);
    expect_refused(run_program(task, arguments), part);
    EXPECT_EQ(content_of(task.folder() / "runs" / "pam-1"), before) << part;
  };
  refused_with(text + "eine Zeile zu viel\n", "train.en: has 160 lines, but ");
  refused_with(text.substr(0, 40) + "\xFF" + text.substr(40), "is not UTF-8 there");
  refused_with(text.substr(0, 40) + std::string(1, '\0') + text.substr(41), "is NUL");
  refused_with("", "train.de: empty");
  // A corpus is what decides a run: other text is another run.
  refused_with("ein haus" + text.substr(text.find('\n')), "this run has corpus_sha256 = ");
  fs::remove(train);
  expect_refused(run_program(task, arguments), "train.en is there without the other language");

  // Packed: whole it is the same text, cut off or with a byte changed it is named.
  ASSERT_EQ(
      run_program(task, command_line{{"sh", "-c", "printf %s \"$1\" >\"$2\" && gzip -n \"$2\"",
                                      "sh", text, train.string()}})
          .exit_code,
      0);
  const fs::path packed = train.string() + ".gz";
  const std::string whole = bytes_of(packed);
  write(packed, whole.substr(0, whole.size() - 20));
  expect_refused(run_program(task, arguments), "the gzip data are cut off");
  std::string changed = whole;
  changed[changed.size() - 6] = static_cast<char>(changed[changed.size() - 6] ^ 1);
  write(packed, changed);
  expect_refused(run_program(task, arguments), "the gzip data are damaged");
  EXPECT_EQ(content_of(task.folder() / "runs" / "pam-1"), before);
  fs::remove(packed);

  write(train, text);
  const auto other = with(task.train_arguments("whole", "pam"), {"--steps", "40"});
  EXPECT_EQ(finished_hash(task, arguments, "runs/pam-1"),
            finished_hash(task, other, "whole/pam-1"));
}

TEST(DamagedInput, VocabulariesThatDoNotFitAreNamed) {
  const copy_task task;
  expect_refused(run_program(task, with(task.train_arguments("runs", "pam"),
                                        {"--steps", "2", "--set", "data.vocabulary=8"})),
                 "sentencepiece says: ");
  const auto arguments = with(task.train_arguments("runs", "pam"), {"--steps", "2"});
  ASSERT_EQ(run_program(task, arguments).exit_code, 0);
  const fs::path run = task.folder() / "runs" / "pam-1";
  const words evaluation = {"evaluate", run.string(), "--data", task.data().string()};

  // The subwords of another run.
  ASSERT_EQ(run_program(task, with(task.train_arguments("other", "pam"),
                                   {"--steps", "2", "--set", "data.vocabulary=30"}))
                .exit_code,
            0);
  const std::string own = bytes_of(run / "subwords.model");
  fs::copy_file(task.folder() / "other" / "pam-1" / "subwords.model", run / "subwords.model",
                fs::copy_options::overwrite_existing);
  expect_refused(run_program(task, evaluation), "has another shape or type");
  write(run / "subwords.model", own.substr(0, own.size() / 2));
  expect_refused(run_program(task, evaluation), "not a sentencepiece model");
  write(run / "subwords.model", own);
  EXPECT_EQ(run_program(task, evaluation).exit_code, 0);

  // Dictionaries of prepared text.
  for (const char* const language : {"de", "en"}) {
    write(task.data() / (std::string("dict.") + language + ".txt"), "ein 9\nhaus\n");
  }
  expect_refused(run_program(task, with(task.train_arguments("prepared", "pam"), {"--steps", "2"})),
                 "holds a dictionary for each language");
  expect_refused(run_program(task, {"train", "translation-iwslt14", "--data", task.data().string(),
                                    "--out", (task.folder() / "prepared").string()}),
                 ".txt:2: is 'haus'; \"token count\" was expected");
}

TEST(DamagedInput, OfImagesIsNamed) {
  const copy_task task;
  const auto arguments = [&](const fs::path& data, const std::string& out) {
    return words{"train",        "vit-small-cifar10",
                 "--arithmetic", "exact",
                 "--data",       data.string(),
                 "--out",        (task.folder() / out).string(),
                 "--steps",      "4",
                 "--set",        "data.batch=2",
                 "--set",        "model.depth=1",
                 "--set",        "checkpoint.steps=1"};
  };
  const fs::path records = task.folder() / "records";
  write(records / "test_batch.bin", std::string(3073, '\1'));
  for (const std::size_t length : {std::size_t{3072}, std::size_t{0}, std::size_t{3 * 3073 + 1}}) {
    write(records / "data_batch_1.bin", std::string(length, '\1'));
    expect_refused(run_program(task, arguments(records, "runs")),
                   "data_batch_1.bin: has " + std::to_string(length) + " bytes, ");
  }
  write(records / "data_batch_1.bin", std::string(3073, '\x63'));
  expect_refused(run_program(task, arguments(records, "runs")), "record 1 has label 99");

  const fs::path folder = task.folder() / "folder";
  for (const char* const split : {"train", "val"}) {
    write(folder / split / "dark" / "a.JPEG", jpeg(16, 16, {20, 30, 40}, JCS_RGB));
    write(folder / split / "light" / "b.JPEG", jpeg(16, 16, {220, 230, 240}, JCS_RGB));
  }
  const std::string whole = read_file(folder / "train" / "light" / "b.JPEG");
  fs::create_directories(folder / "train" / "empty");
  expect_refused(run_program(task, arguments(folder, "runs")), "empty: is an empty class folder");
  fs::remove(folder / "train" / "empty");
  fs::create_directories(folder / "val" / "other");
  expect_refused(run_program(task, arguments(folder, "runs")),
                 "other: is a class that training does not have");
  fs::remove(folder / "val" / "other");
  EXPECT_FALSE(fs::exists(task.folder() / "runs"));

  // Found when it is decoded, in a run that has begun: it goes on when the file is whole again.
  for (const std::string& bytes :
       {whole.substr(0, whole.size() / 2) + std::string(whole.size() - whole.size() / 2, '\0'),
        std::string(whole.size(), 'x')}) {
    write(folder / "train" / "light" / "b.JPEG", bytes);
    expect_refused(run_program(task, arguments(folder, "runs")), "b.JPEG: ");
    expect_refused(run_program(task, {"data", "check", folder.string()}), "b.JPEG: ");
  }
  write(folder / "train" / "light" / "b.JPEG", whole);
  EXPECT_EQ(finished_hash(task, arguments(folder, "runs"), "runs/exact-1"),
            finished_hash(task, arguments(folder, "whole"), "whole/exact-1"));
}

TEST(DamagedInput, ACheckpointOfAnotherRecipeIsNamed) {
  const copy_task task;
  const words arguments = begun_run(task);
  const fs::path run = task.folder() / "runs" / "pam-1";
  const auto before = content_of(run);
  const auto refused_with_checkpoint_of = [&](const words& other, const std::string& folder,
                                              const std::string& part) {
    ASSERT_EQ(run_program(task, other).exit_code, 0);
    const fs::path theirs = checkpoints_of(task.folder() / folder).back();
    const fs::path copied = run / "checkpoint-0000000099.bin";
    fs::copy_file(theirs, copied);
    const auto with_it = content_of(run);
    expect_refused(run_program(task, arguments), part);
    EXPECT_EQ(content_of(run), with_it);
    fs::remove(copied);
  };
  // Another shape, and another arithmetic of the same shape.
  refused_with_checkpoint_of(
      with(task.train_arguments("wide", "pam"), {"--steps", "4", "--set", "model.width=32"}),
      "wide/pam-1", "is a checkpoint of another model");
  refused_with_checkpoint_of(with(task.train_arguments("other", "exact"), {"--steps", "40"}),
                             "other/exact-1", "holds a checkpoint of another recipe");
  EXPECT_EQ(content_of(run), before);
  const auto whole = with(task.train_arguments("whole", "pam"), {"--steps", "40"});
  EXPECT_EQ(finished_hash(task, arguments, "runs/pam-1"),
            finished_hash(task, whole, "whole/pam-1"));
}

TEST(DamagedInput, WhereEveryCheckpointIsDamagedTrainingStartsAnew) {
  const copy_task task;
  const words arguments = begun_run(task);
  const auto checkpoints = checkpoints_of(task.folder() / "runs" / "pam-1");
  for (const fs::path& file : checkpoints) fs::resize_file(file, fs::file_size(file) - 1);
  const auto result = run_program(task, arguments);
  EXPECT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_NE(
      result.standard_error.find(checkpoints.front().filename().string() +
                                 ": checkpoint is damaged (its checksum does not fit); no other is "
                                 "there: this starts anew"),
      std::string::npos)
      << result.standard_error;
  const auto whole = with(task.train_arguments("whole", "pam"), {"--steps", "40"});
  EXPECT_EQ(summary_of(task.folder() / "runs" / "pam-1").at("parameters_sha256"),
            finished_hash(task, whole, "whole/pam-1"));
}

// A disk that takes no more, as a limit on the size of files: subwords and metrics fit, checkpoints
// do not.
TEST(DamagedInput, AFullDiskIsNamedAndTheRunGoesOnWhenThereIsRoom) {
  const copy_task task;
  const words large = {"--set", "model.feed_forward=4096"};
  const words arguments = with(with(task.train_arguments("runs", "pam"), {"--steps", "40"}), large);
  const fs::path run = task.folder() / "runs" / "pam-1";
  const auto limited = [&] {
    return run_program(
        task, command_line{with({"sh", "-c", "trap '' XFSZ; ulimit -f 1200; exec \"$0\" \"$@\"",
                                 PAMKIT_TRAIN_PROGRAM},
                                arguments)});
  };
  expect_refused(limited(), ".bin.partial: File too large; make room on the disk");
  EXPECT_TRUE(checkpoints_of(run).empty());
  for (const auto& entry : fs::directory_iterator(run)) {
    EXPECT_NE(entry.path().extension(), ".partial") << entry.path();
  }
  begun_run(task, large);
  const auto before = checkpoints_of(run);
  const auto result = limited();
  EXPECT_EQ(result.exit_code, 2) << result.standard_error;
  EXPECT_NE(result.standard_error.find("make room on the disk"), std::string::npos);
  EXPECT_EQ(checkpoints_of(run), before);
  const auto whole = with(with(task.train_arguments("whole", "pam"), {"--steps", "40"}), large);
  EXPECT_EQ(finished_hash(task, arguments, "runs/pam-1"),
            finished_hash(task, whole, "whole/pam-1"));
}

}  // namespace
}  // namespace pamkit::training::test
