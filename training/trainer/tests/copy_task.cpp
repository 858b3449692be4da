#include "copy_task.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "pamkit/training/corpus.hpp"
#include "pamkit/training/philox.hpp"

extern char** environ;

namespace pamkit::training::test {
namespace {

namespace fs = std::filesystem;

void write_split(const fs::path& folder, const std::string& name, std::uint32_t number,
                 std::uint32_t lines) {
  const std::vector<std::string> words = {"ein", "haus", "im", "wald", "der", "hund", "sieht", "rot"};
  for (const char* const language : {".de", ".en"}) {
    std::ofstream file(folder / (name + language));
    for (std::uint32_t line = 0; line < lines; ++line) {
      const std::uint32_t count = 2 + random_bits(1, number, 0, line, 0) % 4;
      for (std::uint32_t i = 0; i < count; ++i) {
        file << (i == 0 ? "" : " ") << words[random_bits(1, number, 1, line, i) % words.size()];
      }
      file << "\n";
    }
  }
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

copy_task::copy_task() {
  std::string pattern = (fs::temp_directory_path() / "pamkit-training-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  fs::create_directories(data());
  write_split(data(), "train", 0, 160);
  write_split(data(), "val", 1, 20);
  write_split(data(), "test_small", 2, 12);
}

copy_task::~copy_task() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

words with(words arguments, const words& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> copy_task::train_arguments(const std::string& out,
                                                    const std::string& arithmetic) const {
  std::vector<std::string> arguments = {"train",  "translation-small", "--arithmetic", arithmetic,
                                        "--data", data().string(),     "--out",
                                        (folder_ / out).string()};
  for (const char* const setting :
       {"model.encoder_layers=1", "model.decoder_layers=1", "model.width=16",
        "model.feed_forward=32", "model.heads=2", "data.vocabulary=48", "data.max_tokens=160",
        "training.warmup=10", "training.peak_rate=0.01", "checkpoint.steps=4", "search.beam=2"}) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  return arguments;
}

training_program::training_program(const fs::path& scratch,
                                   const std::vector<std::string>& arguments)
    : training_program(scratch, command_line{with({PAMKIT_TRAIN_PROGRAM}, arguments)}) {}

training_program::training_program(const fs::path& scratch, const command_line& command)
    : scratch_(scratch) {
  words own = command.words;
  std::vector<char*> pointers;
  for (std::string& word : own) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, 1, (scratch / "stdout").c_str(), flags, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, (scratch / "stderr").c_str(), flags, 0600);
  const int failed =
      ::posix_spawnp(&process_, own[0].c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start " + own[0]);
}

void training_program::signal(int number) const { ::kill(process_, number); }

program_result training_program::wait() {
  int status = 0;
  ::waitpid(process_, &status, 0);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, text_of(scratch_ / "stdout"), text_of(scratch_ / "stderr")};
}

program_result run_program(const copy_task& task, const std::vector<std::string>& arguments) {
  return training_program(task.folder(), arguments).wait();
}

program_result run_program(const copy_task& task, const command_line& command) {
  return training_program(task.folder(), command).wait();
}

nlohmann::json summary_of(const fs::path& run) {
  return nlohmann::json::parse(read_file(run / "summary.json"));
}

std::vector<nlohmann::json> metrics_of(const fs::path& run, const std::string& kind) {
  std::vector<nlohmann::json> records;
  for (const std::string& line : read_lines(run / "metrics.jsonl")) {
    nlohmann::json record = nlohmann::json::parse(line);
    if (record.at("kind") == kind) records.push_back(std::move(record));
  }
  return records;
}

std::vector<fs::path> checkpoints_of(const fs::path& run) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run, ignored)) {
    if (entry.path().extension() == ".bin") found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

bool wait_for_checkpoint(const fs::path& run, std::uint64_t step) {
  for (int tries = 0; tries < 6000; ++tries) {
    const auto found = checkpoints_of(run);
    if (!found.empty()) {
      const std::string name = found.back().stem().string();
      if (std::stoull(name.substr(name.rfind('-') + 1)) >= step) return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace pamkit::training::test
