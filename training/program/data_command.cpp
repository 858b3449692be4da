#include "data_command.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "pamkit/training/corpus.hpp"
#include "pamkit/training/image_set.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/sha256.hpp"
#include "pamkit/training/text_codec.hpp"

extern char** environ;

namespace pamkit::training {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

struct carried_file {
  const char* name;
  const char* text;
};

// Data sets are data; the program carries them.
constexpr carried_file kSets[] = {
#include "data_table.inc"
};
constexpr carried_file kScripts[] = {
#include "script_table.inc"
};

struct options {
  std::string name;
  std::string out;
  std::string folder;
  bool json = false;
};

json find_set(const std::string& name) {
  std::string known;
  for (const carried_file& set : kSets) {
    if (name == set.name) return json::parse(set.text);
    known += (known.empty() ? "" : ", ") + std::string(set.name);
  }
  throw input_error("data set '" + name + "'", "is not known", "give one of " + known);
}

int list_sets(const options& o) {
  json all = json::array();
  for (const carried_file& set : kSets) all.push_back(json::parse(set.text));
  if (o.json) {
    fmt::print("{}\n", all.dump(2));
    return 0;
  }
  for (const json& set : all) {
    fmt::print("{}: {}\n  licence: {}\n  cite: {}\n", set["name"].get<std::string>(),
               set["description"].get<std::string>(), set["licence"].get<std::string>(),
               set["cite"].get<std::string>());
    for (const json& file : set.value("files", json::array())) {
      fmt::print("  {}\n    sha256 {}\n", file["url"].get<std::string>(),
                 file["sha256"].get<std::string>());
    }
    if (set.contains("script")) fmt::print("  made by this program from those packages\n");
    if (set.contains("by_hand")) fmt::print("  by hand: {}\n", set["by_hand"].get<std::string>());
  }
  return 0;
}

// Runs a program with what it prints on standard error; throws where it is missing or fails.
void run_program(std::vector<std::string> words, const std::string& purpose) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t process = 0;
  const int failed =
      ::posix_spawnp(&process, words[0].c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failed == 0) ::waitpid(process, &status, 0);
  if (failed != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw input_error(purpose, words[0] + (failed != 0 ? " is not installed" : " failed"),
                      "install it, or look at what it said");
  }
}

void check_file(const fs::path& path, const std::string& expected) {
  const std::string got = sha256_of_file(path);
  if (got != expected) {
    fs::remove(path);
    throw input_error(path.string(), "has SHA-256 " + got, expected + " was expected");
  }
}

void fetch(const json& file, const fs::path& folder) {
  const fs::path to = folder / file["to"].get<std::string>();
  const std::string sum = file["sha256"];
  const bool unpacked = file.contains("unpack");
  if (!unpacked && fs::exists(to) && sha256_of_file(to) == sum) return;
  const fs::path partial = to.string() + ".partial";
  fmt::print(stderr, "pamkit: fetching {}\n", file["url"].get<std::string>());
  run_program({"curl", "--fail", "--location", "--silent", "--show-error", "--output",
               partial.string(), file["url"]},
              file["url"]);
  check_file(partial, sum);
  fs::rename(partial, to);
  if (!unpacked) return;
  run_program({"tar", "--extract", "--file", to.string(), "--directory", folder.string(),
               "--strip-components", "1", file["unpack"]},
              to.string());
  fs::remove(to);
}

int get_set(const options& o) {
  const json set = find_set(o.name);
  if (set.contains("by_hand")) {
    throw input_error("data set '" + o.name + "'", "cannot be fetched by a program",
                      set["by_hand"].get<std::string>());
  }
  const char* const offline = std::getenv("PAMKIT_OFFLINE");
  if (offline != nullptr && *offline != '\0' && std::string(offline) != "0") {
    throw input_error("data set '" + o.name + "'", "is to be fetched and PAMKIT_OFFLINE forbids it",
                      "call without PAMKIT_OFFLINE");
  }
  const fs::path folder = o.out.empty() ? fs::path("data") / o.name : fs::path(o.out);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw input_error(folder.string(), error.message(), "give another --out");
  fmt::print(stderr, "pamkit: {} ({})\n", set["description"].get<std::string>(),
             set["licence"].get<std::string>());
  for (const json& file : set.value("files", json::array())) fetch(file, folder);
  if (set.contains("script")) {
    for (const carried_file& script : kScripts) {
      if (set["script"] != std::string(script.name) + ".py") continue;
      run_program({"python3", "-c", script.text, folder.string()}, folder.string());
    }
  }
  fmt::print("{}\n", folder.string());
  return 0;
}

void check_text(const fs::path& folder) {
  if (is_prepared(folder)) {
    const auto codec = read_dictionaries(folder);
    fmt::print("prepared text: {} and {} pieces\n", codec->source_size(), codec->target_size());
  }
  const parallel_corpus train = read_train(folder);
  fmt::print("{}: {} pairs\n", train.files.name, train.size());
  const parallel_corpus valid = read_validation(folder);
  fmt::print("{}: {} pairs\n", valid.files.name, valid.size());
  for (const std::string& name : list_splits(folder)) {
    if (!name.starts_with("test")) continue;
    fmt::print("{}: {} pairs\n", name, read_test(folder, name).size());
  }
}

void check_images(const fs::path& folder) {
  const image_data data = open_images(folder);
  for (const auto* const set : {data.train.get(), data.valid.get()}) {
    for (std::size_t i = 0; i < set->size(); ++i) set->load(i);
    fmt::print("{}: {} images\n", set == data.train.get() ? "train" : "validation", set->size());
  }
  fmt::print("{} classes\n", data.classes.size());
}

bool holds(const fs::path& folder, const char* stem) {
  std::error_code error;
  for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    if (it->path().filename().string().starts_with(stem)) return true;
  }
  return false;
}

int check_folder(const options& o) {
  const fs::path folder = o.folder;
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw input_error(folder.string(), "no such folder", "a folder of data was expected");
  }
  if (fs::is_directory(folder / "train", error) || holds(folder, "data_batch")) {
    check_images(folder);
  } else if (holds(folder, "input.txt")) {
    for (const char* const name : {"input.txt", "input.txt.gz", "input.txt.xz"}) {
      if (fs::exists(folder / name))
        fmt::print("{}: {} bytes\n", name, read_file(folder / name).size());
    }
  } else {
    check_text(folder);
  }
  return 0;
}

}  // namespace

void add_data_command(CLI::App& app, std::function<int()>& run) {
  const auto o = std::make_shared<options>();
  CLI::App* const data = app.add_subcommand("data", "Data sets: where from, licences, checksums");
  data->require_subcommand(1);
  CLI::App* const list = data->add_subcommand("list", "The data sets that recipes name");
  list->add_flag("--json", o->json, "As JSON");
  list->callback([o, &run] { run = [o] { return list_sets(*o); }; });
  CLI::App* const get = data->add_subcommand("get", "Fetch or make one, and check it");
  get->add_option("name", o->name, "Of a data set")->required();
  get->add_option("--out", o->out, "Folder (default: data/NAME)");
  get->callback([o, &run] { run = [o] { return get_set(*o); }; });
  CLI::App* const check = data->add_subcommand("check", "Read all of a folder as training would");
  check->add_option("folder", o->folder, "Of text, images or bytes")->required();
  check->callback([o, &run] { run = [o] { return check_folder(*o); }; });
}

}  // namespace pamkit::training
