#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>

#include "copy_task.hpp"
#include "jpeg_bytes.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/sha256.hpp"
#include "pamkit/training/task.hpp"
#include "without_root.hpp"

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

// A run that was killed on its way, after a checkpoint at `step` or later.
struct killed_run {
  words arguments;
  fs::path folder;

  explicit killed_run(const copy_task& task, std::uint64_t step, const words& more = {})
      : arguments(with(with(task.train_arguments("runs", "pam"), {"--steps", "40"}), more)),
        folder(task.folder() / "runs" / "pam-1") {
    training_program program(task.folder(), arguments);
    EXPECT_TRUE(wait_for_checkpoint(folder, step));
    program.signal(SIGKILL);
    program.wait();
  }
};

words begun_run(const copy_task& task, const words& more = {}) {
  return killed_run(task, 4, more).arguments;
}

std::string finished_hash(const copy_task& task, const words& arguments, const std::string& run) {
  const auto result = run_program(task, arguments);
  EXPECT_EQ(result.exit_code, 0) << result.standard_error;
  return summary_of(task.folder() / run).at("parameters_sha256");
}

words prepared_arguments(const copy_task& task, const std::string& out) {
  words arguments = {
      "train",  "translation-iwslt14", "--arithmetic", "pam",
      "--data", task.data().string(),  "--out",        (task.folder() / out).string()};
  for (const char* const setting : {"model.encoder_layers=1", "model.decoder_layers=1",
                                    "model.width=16", "model.feed_forward=32", "model.heads=2",
                                    "data.max_tokens=160", "checkpoint.steps=4", "search.beam=2"}) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  return arguments;
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
  const std::string others = bytes_of(task.folder() / "other" / "pam-1" / "subwords.model");
  const std::string config = bytes_of(run / "config.json");
  auto older = nlohmann::ordered_json::parse(config);
  older.erase("vocabulary_sha256");
  for (const auto& [bytes, of_an_older_run] :
       {std::pair{others, "has another shape or type"},
        std::pair{own.substr(0, own.size() / 2), "not a sentencepiece model"}}) {
    write(run / "subwords.model", bytes);
    expect_refused(run_program(task, evaluation), "pam-1/subwords.model: has SHA-256 ");
    write(run / "config.json", older.dump());
    expect_refused(run_program(task, evaluation), of_an_older_run);
    write(run / "config.json", config);
  }
  fs::remove(run / "subwords.model");
  expect_refused(run_program(task, evaluation), "pam-1: holds no subwords.model; ");
  write(run / "subwords.model", own);
  EXPECT_EQ(run_program(task, evaluation).exit_code, 0);

  // Dictionaries of prepared text; one alone makes it neither prepared nor raw.
  write(task.data() / "dict.de.txt", "ein 9\n");
  for (const words& command : {arguments, words{"data", "check", task.data().string()}}) {
    expect_refused(run_program(task, command),
                   "dict.en.txt: is missing, and the other language's dictionary is there");
  }
  for (const char* const language : {"de", "en"}) {
    write(task.data() / (std::string("dict.") + language + ".txt"), "ein 9\nhaus\n");
  }
  expect_refused(run_program(task, with(task.train_arguments("prepared", "pam"), {"--steps", "2"})),
                 "holds a dictionary for each language");
  expect_refused(run_program(task, {"train", "translation-iwslt14", "--data", task.data().string(),
                                    "--out", (task.folder() / "prepared").string()}),
                 ".txt:2: is 'haus'; \"token count\" was expected");
}

// Of the same size, so that the parameters fit it.
TEST(DamagedInput, AVocabularyThatIsNotTheRunsIsNamed) {
  const copy_task task;
  const auto refused = [&](const words& arguments, const fs::path& run, const std::string& file) {
    const std::string translation =
        "echo 'ein haus' | " PAMKIT_TRAIN_PROGRAM " translate " + run.string();
    for (const words& command :
         {words{PAMKIT_TRAIN_PROGRAM, "evaluate", run.string(), "--data", task.data().string()},
          words{"sh", "-c", translation}, with({PAMKIT_TRAIN_PROGRAM}, arguments)}) {
      expect_refused(run_program(task, command_line{command}), (run / file).string() + ": ");
    }
  };
  const words raw = with(task.train_arguments("raw", "pam"), {"--steps", "2"});
  ASSERT_EQ(run_program(task, raw).exit_code, 0);
  const fs::path run = task.folder() / "raw" / "pam-1";
  const auto config = nlohmann::json::parse(bytes_of(run / "config.json"));
  EXPECT_EQ(config.at("vocabulary_sha256"),
            nlohmann::json({{"subwords.model", sha256_of_file(run / "subwords.model")}}));
  const std::string own = bytes_of(run / "subwords.model");
  std::string other = own;
  const std::size_t piece = other.find("haus");
  ASSERT_NE(piece, std::string::npos);
  other.replace(piece, 4, "suah");
  write(run / "subwords.model", other);
  refused(raw, run, "subwords.model");
  // An older run does not say which is its own.
  auto older = config;
  older.erase("vocabulary_sha256");
  write(run / "config.json", older.dump());
  EXPECT_EQ(run_program(task, {"evaluate", run.string(), "--data", task.data().string()}).exit_code,
            0);
  write(run / "subwords.model", own);
  EXPECT_EQ(run_program(task, raw).exit_code, 0);

  write(task.data() / "dict.de.txt",
        "ein 9\nhaus 8\nim 7\nwald 6\nder 5\nhund 4\nsieht 3\nrot 2\n");
  write(task.data() / "dict.en.txt",
        "rot 9\nhund 8\nim 7\nwald 6\nder 5\nhaus 4\nsieht 3\nein 2\n");
  const words prepared = with(prepared_arguments(task, "prepared"), {"--steps", "2"});
  ASSERT_EQ(run_program(task, prepared).exit_code, 0);
  const fs::path second = task.folder() / "prepared" / "pam-1";
  write(second / "subwords.model", own);
  refused(prepared, second, "subwords.model");
  fs::remove(second / "subwords.model");
  fs::rename(second / "dict.source.txt", second / "aside");
  fs::rename(second / "dict.target.txt", second / "dict.source.txt");
  fs::rename(second / "aside", second / "dict.target.txt");
  refused(prepared, second, "dict.source.txt");
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
  fs::create_directories(folder / "val" / "dark" / "c.JPEG");
  expect_refused(run_program(task, arguments(folder, "runs")),
                 "c.JPEG: is called an image and is no file");
  fs::remove(folder / "val" / "dark" / "c.JPEG");
  fs::create_symlink("nowhere", folder / "val" / "dark" / "c.JPEG");
  expect_refused(run_program(task, arguments(folder, "runs")),
                 "c.JPEG: is called an image and is no file");
  fs::remove(folder / "val" / "dark" / "c.JPEG");
  EXPECT_FALSE(fs::exists(task.folder() / "runs"));

  // Found when it is decoded, in a run that has begun; with the whole file it is another run.
  for (const std::string& bytes :
       {whole.substr(0, whole.size() / 2) + std::string(whole.size() - whole.size() / 2, '\0'),
        std::string(whole.size(), 'x')}) {
    write(folder / "train" / "light" / "b.JPEG", bytes);
    expect_refused(run_program(task, arguments(folder, "broken")), "b.JPEG: ");
    expect_refused(run_program(task, {"data", "check", folder.string()}), "b.JPEG: ");
    fs::remove_all(task.folder() / "broken");
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
                             "other/exact-1", "is a checkpoint of another recipe");
  EXPECT_EQ(content_of(run), before);
  const auto whole = with(task.train_arguments("whole", "pam"), {"--steps", "40"});
  EXPECT_EQ(finished_hash(task, arguments, "runs/pam-1"),
            finished_hash(task, whole, "whole/pam-1"));
}

TEST(DamagedInput, ABegunRunDoesNotGoOnWithAnotherVocabulary) {
  const copy_task task;
  const words arguments = begun_run(task);
  const fs::path model = task.folder() / "runs" / "pam-1" / "subwords.model";
  const std::string own = bytes_of(model);
  write(model, own + "x");
  const auto before = content_of(task.folder() / "runs" / "pam-1");
  expect_refused(run_program(task, arguments), "pam-1/subwords.model: has SHA-256 ");
  EXPECT_EQ(content_of(task.folder() / "runs" / "pam-1"), before);
  fs::remove(model);
  EXPECT_EQ(run_program(task, arguments).exit_code, 0);
  EXPECT_EQ(bytes_of(model), own);
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

// All text decides a run, not only what is trained on.
TEST(DamagedInput, OtherValidationOrTestTextIsAnotherRun) {
  const copy_task task;
  const words arguments = begun_run(task);
  const auto before = content_of(task.folder() / "runs" / "pam-1");
  for (const char* const name : {"val.de", "val.en", "test_small.de", "test_small.en"}) {
    const fs::path file = task.data() / name;
    const std::string text = read_file(file);
    write(file, "ein haus" + text.substr(text.find('\n')));
    expect_refused(run_program(task, arguments), "this run has corpus_sha256 = ");
    EXPECT_EQ(content_of(task.folder() / "runs" / "pam-1"), before) << name;
    write(file, text);
  }
}

void write_dictionaries(const copy_task& task, const std::string& text) {
  write(task.data() / "dict.de.txt", text);
  write(task.data() / "dict.en.txt", text);
}

TEST(DamagedInput, DictionariesArePartOfARunAndMustBeOfItsText) {
  const copy_task task;
  const std::string own = "ein 9\nhaus 8\nim 7\nwald 6\nder 5\nhund 4\nsieht 3\nrot 2\n";
  const words arguments = with(prepared_arguments(task, "runs"), {"--steps", "4"});
  for (const std::string& other : {std::string("le 9\nla 8\n"), std::string("ein 9\nla 8\n")}) {
    write_dictionaries(task, other);
    for (const words& command : {arguments, words{"data", "check", task.data().string()}}) {
      expect_refused(run_program(task, command), " pieces are unknown to the dictionary; ");
    }
    EXPECT_FALSE(fs::exists(task.folder() / "runs" / "pam-1"));
  }
  // Raw text's subwords on prepared text, and the other way.
  write_dictionaries(task, own);
  ASSERT_EQ(run_program(task, arguments).exit_code, 0);
  const fs::path run = task.folder() / "runs" / "pam-1";
  const words evaluation = {"evaluate", run.string(), "--data", task.data().string()};
  EXPECT_EQ(run_program(task, evaluation).exit_code, 0);
  const auto before = content_of(run);
  write_dictionaries(task, "rot 9\n" + own.substr(0, own.find("rot")));
  expect_refused(run_program(task, arguments), "this run has corpus_sha256 = ");
  EXPECT_EQ(content_of(run), before);
  const auto translated =
      run_program(task, command_line{{"sh", "-c", "echo 'le chat' | \"$0\" translate \"$1\"",
                                      PAMKIT_TRAIN_PROGRAM, run.string()}});
  expect_refused(translated, "the sentences to translate: 100.0 % of its 2 pieces are unknown");

  for (const char* const name : {"dict.de.txt", "dict.en.txt"}) fs::remove(task.data() / name);
  ASSERT_EQ(run_program(task, with(task.train_arguments("raw", "pam"), {"--steps", "2"})).exit_code,
            0);
  write_dictionaries(task, own);
  expect_refused(run_program(task, {"evaluate", (task.folder() / "raw" / "pam-1").string(),
                                    "--data", task.data().string()}),
                 "holds prepared text");
}

TEST(DamagedInput, AFinishedRunsFilesAreNamed) {
  const copy_task task;
  const words arguments = with(task.train_arguments("runs", "pam"), {"--steps", "2"});
  ASSERT_EQ(run_program(task, arguments).exit_code, 0);
  const fs::path run = task.folder() / "runs" / "pam-1";
  const words evaluation = {"evaluate", run.string(), "--data", task.data().string()};
  const words translation = {"translate", run.string()};

  for (const char* const redirected :
       {"\"$0\" translate \"$1\" < .", "\"$0\" translate \"$1\" <&-"}) {
    expect_refused(run_program(task, command_line{{"sh", "-c", redirected, PAMKIT_TRAIN_PROGRAM,
                                                   run.string()}}),
                   "standard input: cannot be read; ");
  }

  const char* const long_line =
      "yes 'Le chat.' | head -n 400 | tr '\\n' ' ' | \"$0\" translate \"$1\"";
  expect_refused(
      run_program(task, command_line{{"sh", "-c", long_line, PAMKIT_TRAIN_PROGRAM, run.string()}}),
      "standard input:1: has ");
  for (const std::string& place : {task.folder().string(), std::string("/dev/null"),
                                   (task.folder() / "none" / "file").string()}) {
    expect_refused(run_program(task, with(evaluation, {"--hypotheses", place})), place);
  }

  const std::string summary = bytes_of(run / "summary.json");
  for (const char* const text :
       {"{}", "[]", "5", "{\"status\":5}", "{\"status\":\"complete\"}", "{\"status\":\"other\"}"}) {
    write(run / "summary.json", text);
    expect_refused(run_program(task, arguments), "pam-1/summary.json: ");
  }
  write(run / "summary.json", summary);

  const std::string config = bytes_of(run / "config.json");
  const auto with_value = [&](const char* key, const char* value) {
    auto json = nlohmann::json::parse(config);
    json["run"][key] = nlohmann::json::parse(value);
    return json.dump();
  };
  for (const std::string& text :
       {std::string("{\"run\":5}"), with_value("arithmetic", "5"),
        with_value("arithmetic", "\"pan\""), with_value("seed", "\"1\""), with_value("seed", "-1"),
        with_value("settings", "5"), with_value("settings", "{\"training\":5}"),
        with_value("scope", "[]"), with_value("derivative", "7"), with_value("format", "null"),
        with_value("task", "{}")}) {
    write(run / "config.json", text);
    for (const words& command : {arguments, evaluation, translation}) {
      expect_refused(run_program(task, command), "pam-1/config.json: ");
    }
  }
  write(run / "config.json", config);
  for (const char* const name : {"config.json", "summary.json"}) {
    const std::string own = bytes_of(run / name);
    write(run / name, "{\"run\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}");
    expect_refused(run_program(task, arguments), std::string(name) + ": nests deeper than ");
    write(run / name, own);
  }

  // Offsets of parameters: 8 bytes of length, the header, the values.
  const fs::path parameters = run / "parameters.safetensors";
  const std::string whole = bytes_of(parameters);
  std::uint64_t length = 0;
  std::memcpy(&length, whole.data(), sizeof length);
  const auto header = nlohmann::ordered_json::parse(whole.substr(8, length));
  std::vector<std::string> names;
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") names.push_back(name);
  }
  const auto with_offsets = [&](const std::string& name, const std::string& offsets) {
    auto changed = header;
    changed[name]["data_offsets"] = nlohmann::ordered_json::parse(offsets);
    std::string text = changed.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::uint64_t size = text.size();
    std::string bytes(sizeof size, '\0');
    std::memcpy(bytes.data(), &size, sizeof size);
    return bytes + text + whole.substr(8 + length);
  };
  const auto bytes_of_first = header[names[0]]["data_offsets"][1].get<std::int64_t>();
  const auto range = [](std::int64_t begin, std::int64_t end) {
    return nlohmann::json::array({begin, end}).dump();
  };
  for (const std::string& offsets :
       {std::string("[\"a\",\"b\"]"), std::string("5"), std::string("[0]"),
        std::string("{\"a\":0,\"b\":1}"), range(-bytes_of_first, 0), range(8, 8 + bytes_of_first),
        range(1000000000, 1000000000 + bytes_of_first)}) {
    write(parameters, with_offsets(names[0], offsets));
    for (const words& command : {evaluation, translation}) {
      expect_refused(run_program(task, command), "pam-1/parameters.safetensors: ");
    }
  }
  // A value changed, its place being right. A run without a summary has nothing to compare with.
  std::string changed = whole;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  write(parameters, changed);
  for (const words& command : {evaluation, translation}) {
    expect_refused(run_program(task, command), "pam-1/summary.json says ");
  }
  // Statistics that lack are made of them.
  fs::remove(run / "statistics.json");
  EXPECT_EQ(run_program(task, arguments).exit_code, 2);
  EXPECT_FALSE(fs::exists(run / "statistics.json"));
  fs::remove(run / "summary.json");
  EXPECT_EQ(run_program(task, evaluation).exit_code, 0);
  write(run / "summary.json", summary);
  write(parameters, whole);
  EXPECT_EQ(run_program(task, evaluation).exit_code, 0);
}

TEST(DamagedInput, ACheckpointWithTheRightChecksumAndAnotherHeaderIsNamed) {
  const copy_task task;
  const words arguments = begun_run(task);
  const fs::path run = task.folder() / "runs" / "pam-1";
  const fs::path newest = checkpoints_of(run).back();
  const std::string whole = bytes_of(newest);
  const std::string magic = whole.substr(0, whole.find('\n') + 1);
  const std::size_t end = whole.find('\n', magic.size());
  const std::string values = whole.substr(end, whole.size() - end - 64);
  const auto header = nlohmann::ordered_json::parse(whole.substr(magic.size(), end - magic.size()));
  const auto with_state = [&](const char* key, const char* value) {
    auto changed = header;
    changed["state"][key] = nlohmann::ordered_json::parse(value);
    return changed.dump();
  };
  for (const std::string& text :
       {std::string("{"), std::string("[]"), std::string("{\"state\":{},\"tensors\":5}"),
        with_state("step", "\"4\""), with_state("step", "1000"), with_state("epoch_loss", "{}"),
        with_state("valid_metric", "5")}) {
    const std::string bytes = magic + text + values;
    write(newest, bytes + sha256_hex(bytes));
    const auto before = content_of(run);
    expect_refused(run_program(task, arguments), newest.filename().string() + ": ");
    EXPECT_EQ(content_of(run), before);
  }
}

TEST(DamagedInput, DataCheckRefusesWhatTrainingRefuses) {
  const copy_task task;
  const words check = {"data", "check", task.data().string()};
  EXPECT_EQ(run_program(task, check).exit_code, 0);
  fs::copy_file(task.data() / "test_small.de", task.data() / "test_a.de");
  expect_refused(run_program(task, check), "test_a.de is there without the other language");
  fs::remove(task.data() / "test_a.de");
  fs::copy_file(task.data() / "test_small.de", task.data() / "test_z.de");
  expect_refused(run_program(task, check), "test_z.de is there without the other language");
  fs::remove(task.data() / "test_z.de");
  const std::string text = read_file(task.data() / "val.de");
  write(task.data() / "val.de",
        std::string(static_cast<std::size_t>(std::ranges::count(text, '\n')), '\n'));
  expect_refused(run_program(task, check), "val.de: no sentence pair has text on both sides");
  write(task.data() / "val.de", text);
  for (const char* const name : {"test_small.de", "test_small.en"}) fs::remove(task.data() / name);
  expect_refused(run_program(task, check), "no test (there: train, val)");

  const fs::path folder = task.folder() / "images";
  for (const char* const split : {"train", "val"}) {
    write(folder / split / "dark" / "a.JPEG", jpeg(16, 16, {20, 30, 40}, JCS_RGB));
  }
  expect_refused(run_program(task, {"data", "check", folder.string()}), "holds one class");

  const fs::path bytes = task.folder() / "bytes";
  write(bytes / "input.txt", "");
  expect_refused(run_program(task, {"data", "check", bytes.string()}),
                 "input.txt: its first nine tenths, which are trained on, have 0 bytes");
  fs::remove(bytes / "input.txt");
  write(bytes / "train.txt", std::string(2000, 'a'));
  write(bytes / "val.txt", "b");
  expect_refused(run_program(task, {"data", "check", bytes.string()}), "val.txt: has 1 bytes; ");
  write(bytes / "valid.txt", std::string(2000, 'b'));
  expect_refused(run_program(task, {"data", "check", bytes.string()}),
                 "both val.txt and valid.txt are there");
  fs::remove(bytes / "valid.txt");
  write(bytes / "train.txt", std::string(2000, 'a'));
  write(bytes / "val.txt", std::string(1000, 'b'));
  const auto checked = run_program(task, {"data", "check", bytes.string()});
  EXPECT_EQ(checked.exit_code, 0) << checked.standard_error;
  EXPECT_EQ(checked.standard_output, "train.txt: 2000 bytes\nval.txt: 1000 bytes\n");
}

TEST(DamagedInput, DataCheckNamesWhatIsNoFileAndWhatIsThereTwice) {
  const copy_task task;
  const words check = {"data", "check", task.data().string()};
  const fs::path train = task.data() / "train.de";
  fs::rename(train, task.folder() / "train.de");
  ASSERT_EQ(::mkfifo(train.c_str(), 0600), 0);
  words in_time = {"timeout", "60", PAMKIT_TRAIN_PROGRAM};
  in_time.insert(in_time.end(), check.begin(), check.end());
  expect_refused(run_program(task, command_line{in_time}), "train.de: is no regular file; ");
  fs::rename(task.folder() / "train.de", train);

  for (const char* const name : {"valid.de", "valid.en"}) write(task.data() / name, "ein haus\n");
  expect_refused(run_program(task, check), "both val and valid are there; ");
  for (const char* const name : {"val.de", "val.en"}) fs::remove(task.data() / name);
  const auto checked = run_program(task, check);
  EXPECT_EQ(checked.standard_output, "train: 160 pairs\nvalid: 1 pair\ntest_small: 12 pairs\n");

  std::string text;
  for (int word = 0; word < 2000; ++word) text += "ein ";
  for (const char* const name : {"test_small.de", "test_small.en"}) {
    write(task.data() / name, "ein haus\n" + text + "\n");
  }
  expect_refused(run_program(task, check), "test_small.de:2: has 2000 words; ");
}

TEST(DamagedInput, RecordsThatTrainingWouldLeaveOutAreNamed) {
  const copy_task task;
  const fs::path folder = task.folder() / "records";
  const words check = {"data", "check", folder.string()};
  write(folder / "test_batch.bin", std::string(3073, '\1'));
  expect_refused(run_program(task, check), "holds test_batch.bin and no data_batch_NUMBER.bin; ");
  for (const char* const name : {"data_batch_x.bin", "data_batch.bin", "test_batch_1.bin"}) {
    write(folder / name, std::string(3073, '\1'));
    expect_refused(run_program(task, check), std::string(name) + ": is no file of CIFAR-10; ");
    fs::remove(folder / name);
  }
  write(folder / "data_batch_1.bin", std::string(3073, '\1'));
  write(folder / "data_batch_1.bin.gz", "");
  expect_refused(run_program(task, check),
                 "data_batch_1.bin.gz: is there and so is data_batch_1.bin");
  fs::remove(folder / "data_batch_1.bin.gz");
  EXPECT_EQ(run_program(task, check).standard_output,
            "train: 1 image\nvalidation: 1 image\n10 classes\n");
  fs::remove(folder / "test_batch.bin");
  expect_refused(run_program(task, check), "holds data_batch_NUMBER.bin and no test_batch.bin; ");
}

// The older checkpoint remembers fewer lines, and its training is the same.
TEST(DamagedInput, WhereMetricsAreCutOffTheCheckpointThatTheyReachIsUsed) {
  const copy_task task;
  const auto [arguments, run] = killed_run(task, 8);
  const auto checkpoints = checkpoints_of(run);
  ASSERT_EQ(checkpoints.size(), 2U);
  const std::string metrics = bytes_of(run / "metrics.jsonl");
  const auto remembered = [](const fs::path& checkpoint) {
    const std::string whole = bytes_of(checkpoint);
    const std::size_t begin = whole.find('\n') + 1;
    return nlohmann::json::parse(whole.substr(begin, whole.find('\n', begin) - begin))
        .at("state")
        .at("metrics_length")
        .get<std::size_t>();
  };
  write(run / "metrics.jsonl", metrics.substr(0, 10));
  const auto before = content_of(run);
  const auto refused = run_program(task, arguments);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(
      refused.standard_error.find(
          checkpoints[0].filename().string() +
          ": metrics.jsonl has fewer lines than it remembers; no other is there: give --force"),
      std::string::npos)
      << refused.standard_error;
  EXPECT_EQ(refused.standard_error.find("going on after"), std::string::npos);
  EXPECT_EQ(content_of(run), before);

  write(run / "metrics.jsonl", metrics.substr(0, remembered(checkpoints[0])));
  const auto result = run_program(task, arguments);
  EXPECT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_NE(result.standard_error.find(
                checkpoints[1].filename().string() +
                ": metrics.jsonl has fewer lines than it remembers; the one before it is used"),
            std::string::npos)
      << result.standard_error;
  const auto whole = with(task.train_arguments("whole", "pam"), {"--steps", "40"});
  EXPECT_EQ(summary_of(run).at("parameters_sha256"), finished_hash(task, whole, "whole/pam-1"));
}

TEST(DamagedInput, BytesThatMayNotBeReadAreNamed) {
  const copy_task task;
  fs::permissions(task.folder(), fs::perms::all);
  const fs::path folder = task.folder() / "closed";
  write(folder / "input.txt", std::string(4000, 'a'));
  fs::permissions(folder, fs::perms::none);
  std::string said;
  const recipe what = load_recipe("charlm", {});
  {
    const without_root nobody;
    try {
      load_characters(what, folder);
    } catch (const input_error& refused) {
      said = refused.what();
    }
  }
  EXPECT_EQ(said, folder.string() + ": Permission denied; a readable folder was expected");
  fs::permissions(folder, fs::perms::all);
}

TEST(DamagedInput, ABrokenLineOfMetricsIsNamed) {
  const copy_task task;
  const auto [arguments, run] = killed_run(task, 8);
  const auto checkpoints = checkpoints_of(run);
  ASSERT_EQ(checkpoints.size(), 2U);
  const std::string metrics = bytes_of(run / "metrics.jsonl");
  const auto broken = [&](const std::string& before, const std::string& by) {
    std::string text = metrics;
    return text.replace(text.find(before), by.size(), by);
  };
  // Of the first step, which both checkpoints remember.
  for (const char* const by : {"xxxxxxxx", "{}\n[5]\n "}) {
    write(run / "metrics.jsonl", broken("{\"kind\":\"step\",\"step\":1,", by));
    const auto before = content_of(run);
    const auto refused = run_program(task, arguments);
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_NE(refused.standard_error.find(
                  checkpoints[0].filename().string() + ": line " + (by[0] == 'x' ? "2" : "3") +
                  " of metrics.jsonl is no JSON object; no other is there: give --force"),
              std::string::npos)
        << refused.standard_error;
    EXPECT_EQ(content_of(run), before);
  }
  // Of a step behind the older one.
  const std::string last = checkpoints[1].stem().string();
  const std::string step = std::to_string(std::stoul(last.substr(last.rfind('-') + 1)));
  write(run / "metrics.jsonl", broken("{\"kind\":\"step\",\"step\":" + step + ",", "xxxxxxxx"));
  const auto result = run_program(task, arguments);
  EXPECT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_NE(result.standard_error.find(checkpoints[1].filename().string() + ": line "),
            std::string::npos)
      << result.standard_error;
  EXPECT_EQ(metrics_of(run, "step").size(), 40U);
  const auto whole = with(task.train_arguments("whole", "pam"), {"--steps", "40"});
  EXPECT_EQ(summary_of(run).at("parameters_sha256"), finished_hash(task, whole, "whole/pam-1"));
}

TEST(DamagedInput, OfRecipesIsNamed) {
  const copy_task task;
  const fs::path file = task.folder() / "own.json";
  const nlohmann::ordered_json whole = load_recipe("translation-small", {}).settings;
  words arguments = task.train_arguments("runs", "exact");
  arguments[1] = file.string();
  const auto refused = [&](const std::string& text, const std::string& part) {
    write(file, text);
    expect_refused(run_program(task, arguments), part);
  };
  const auto with_value = [&](const char* key, const nlohmann::ordered_json& value) {
    auto json = whole;
    json[key] = value;
    return json.dump();
  };
  refused("{\n  \"name\": \"own\",\n  oops\n}\n", "own.json: is no valid JSON at line 3, column ");
  refused("[]", "own.json: is not a JSON object");
  refused("{\"model\": 1e999}", "own.json: is no valid JSON; ");
  // Whole, and cut off.
  refused("{\"name\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}",
          "own.json: nests deeper than 32 levels");
  refused(std::string(100'000, '['), "own.json: nests deeper than 32 levels");
  refused(with_value("training.steps", 3),
          "key training.steps is not known with its dot in the name; ");
  refused(with_value("steps", 3), "key steps is not known; valid keys: ");
  refused(with_value("description", 5), "description is 5; give text");
  for (const char* const name : {"", "..", ".own", "a/b", "a\nb", "a b", "\u00E4"}) {
    refused(with_value("name", name), "give letters, digits, '.', '_' and '-', the first no '.'");
  }
  arguments[1] = "translation-small";
  for (const char* const setting :
       {"training.optimizer=\xFF", "model.width=\xFF", "model.width=[[[3"}) {
    expect_refused(run_program(task, with(arguments, {"--set", setting})), "; give ");
  }
  EXPECT_FALSE(fs::exists(task.folder() / "runs"));
}

TEST(DamagedInput, ImagesThatPoolingLeavesNothingOfAreNamed) {
  const copy_task task;
  const auto refused = [&](const char* recipe, const char* size, const std::string& part) {
    expect_refused(
        run_program(task, {"train", recipe, "--data", task.data().string(), "--set", size}), part);
  };
  refused("cnn-small-cifar10", "data.size=7", "data.size is 7; cnn takes images of 8 or more");
  refused("vgg13-cifar10", "data.size=31", "data.size is 31; vgg takes images of 32 or more");
}

// Memory that ends later, as a limit on the process.
TEST(DamagedInput, WhereMemoryEndsOneLineSaysSo) {
  const copy_task task;
  const fs::path bytes = task.folder() / "bytes";
  write(bytes / "input.txt", std::string(100'000, 'a'));
  words arguments = {"sh", "-c", "ulimit -v 1500000; exec \"$0\" \"$@\"", PAMKIT_TRAIN_PROGRAM};
  for (const std::string& word :
       {std::string("train"), std::string("charlm"), std::string("--arithmetic"),
        std::string("exact"), std::string("--data"), bytes.string(), std::string("--out"),
        (task.folder() / "runs").string(), std::string("--set"), std::string("data.batch=800"),
        std::string("--set"), std::string("model.width=256")}) {
    arguments.push_back(word);
  }
  expect_refused(run_program(task, command_line{arguments}), "the memory does not suffice; ");
}

// The system may end a process that takes more memory than there is.
TEST(DamagedInput, TooLargeAModelOrBatchIsNamedBeforeItIsMade) {
  const copy_task task;
  const auto refused = [&](const words& arguments, const words& settings, const std::string& part) {
    words all = arguments;
    for (const std::string& setting : settings) all.insert(all.end(), {"--set", setting});
    expect_refused(run_program(task, all), part);
    // Subwords may have been made, and no run begun.
    if (!fs::exists(task.folder() / "runs")) return;
    for (const auto& made : fs::directory_iterator(task.folder() / "runs")) {
      EXPECT_FALSE(made.is_directory()) << made.path();
    }
  };
  const fs::path bytes = task.folder() / "bytes";
  write(bytes / "input.txt", std::string(20'000'000, 'a'));
  const auto arguments = [&](const char* recipe, const fs::path& data) {
    return words{"train",  recipe,        "--arithmetic", "exact",
                 "--data", data.string(), "--out",        (task.folder() / "runs").string()};
  };
  const char* const too_much = " GiB of memory or more, and this machine has ";
  refused(task.train_arguments("runs", "exact"), {"model.width=65536", "model.encoder_layers=1000"},
          too_much);
  refused(arguments("charlm", bytes), {"model.width=65536", "model.layers=1000"}, too_much);
  refused(arguments("charlm", bytes), {"data.context=1000000"}, too_much);

  const fs::path images = task.folder() / "images";
  write(images / "data_batch_1.bin", std::string(3073, '\1') + std::string(3073, '\2'));
  write(images / "test_batch.bin", std::string(3073, '\1'));
  for (const char* const recipe : {"cnn-small-cifar10", "preresnet20-cifar10"}) {
    refused(arguments(recipe, images), {"model.width=65536"}, too_much);
  }
  refused(arguments("vit-small-cifar10", images), {"model.width=49152", "model.depth=10000"},
          too_much);
  refused(arguments("cnn-small-cifar10", images), {"data.size=4096"}, "data.size is 4096; ");
}

TEST(DamagedInput, ImagesWithOtherClassesOrContentsAreAnotherRun) {
  const copy_task task;
  const fs::path data = task.folder() / "images";
  for (const char* const split : {"train", "val"}) {
    write(data / split / "dark" / "a.JPEG", jpeg(32, 32, {20, 30, 40}, JCS_RGB));
    write(data / split / "light" / "b.JPEG", jpeg(32, 32, {220, 230, 240}, JCS_RGB));
  }
  const words arguments = {"train",        "vit-small-cifar10",
                           "--arithmetic", "exact",
                           "--data",       data.string(),
                           "--out",        (task.folder() / "runs").string(),
                           "--steps",      "1",
                           "--set",        "data.batch=2",
                           "--set",        "model.depth=1"};
  ASSERT_EQ(run_program(task, arguments).exit_code, 0);
  const fs::path run = task.folder() / "runs" / "exact-1";
  const words evaluation = {"evaluate", run.string(), "--data", data.string()};
  EXPECT_EQ(run_program(task, evaluation).exit_code, 0);
  const fs::path hypotheses = task.folder() / "hypotheses.txt";
  expect_refused(run_program(task, with(evaluation, {"--hypotheses", hypotheses.string()})),
                 "recipe vit-small-cifar10 makes no translations; leave --hypotheses out");
  EXPECT_FALSE(fs::exists(hypotheses));
  expect_refused(run_program(task, with(evaluation, {"--test", "no_such_split"})),
                 "--test no_such_split: recipe vit-small-cifar10 has no test splits");
  std::string other = bytes_of(data / "val" / "dark" / "a.JPEG");
  other[other.size() - 3] = static_cast<char>(other[other.size() - 3] ^ 1);
  write(data / "val" / "dark" / "a.JPEG", other);
  const auto before = content_of(run);
  expect_refused(run_program(task, arguments), "this run has corpus_sha256 = ");
  EXPECT_EQ(content_of(run), before);
  for (const char* const split : {"train", "val"})
    fs::rename(data / split / "dark", data / split / "dusk");
  expect_refused(run_program(task, evaluation),
                 "class 0 is \"dusk\"; the classes of the run were expected, where it is \"dark\"");
}

}  // namespace
}  // namespace pamkit::training::test
