#include "data_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "pamkit/arguments/suggestion.hpp"
#include "pamkit/provenance/standard_output.hpp"
#include "pamkit/training/batches.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/image_set.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/sha256.hpp"
#include "pamkit/training/subwords.hpp"
#include "pamkit/training/task.hpp"
#include "pamkit/training/text_codec.hpp"
#include "progress.hpp"
#include "usage.hpp"

extern char** environ;

namespace pamkit::training {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;
using provenance::print_out;

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
  std::vector<std::string> known;
  for (const carried_file& set : kSets) {
    if (name == set.name) return json::parse(set.text);
    known.emplace_back(set.name);
  }
  throw input_error(
      "data set '" + name + "'", "is not known",
      fmt::format("give one of {}{}", fmt::join(known, ", "), suggestion(name, known)));
}

int list_sets(const options& o) {
  json all = json::array();
  for (const carried_file& set : kSets) all.push_back(json::parse(set.text));
  if (o.json) {
    print_out("{}\n", all.dump(2));
    return 0;
  }
  for (const json& set : all) {
    print_out("{}: {}\n  licence: {}\n  cite: {}\n", set["name"].get<std::string>(),
               set["description"].get<std::string>(), set["licence"].get<std::string>(),
               set["cite"].get<std::string>());
    for (const json& file : set.value("files", json::array())) {
      print_out("  {}\n    sha256 {}\n", file["url"].get<std::string>(),
                 file["sha256"].get<std::string>());
    }
    if (set.contains("script")) print_out("  made by this program from those packages\n");
    if (set.contains("by_hand")) print_out("  by hand: {}\n", set["by_hand"].get<std::string>());
  }
  return 0;
}

// All bytes until the other end is closed but what carriage returns begin: a bar of progress, which
// goes to the terminal.
std::string read_to_end(int from) {
  std::string all;
  bool is_bar = false;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t got = ::read(from, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (const char c : std::string_view(chunk.data(), static_cast<std::size_t>(got))) {
      const bool ends_bar = is_bar && c == '\n';
      is_bar = c == '\r' || (is_bar && !ends_bar);
      if (is_bar) {
        std::fputc(c, stderr);
      } else if (ends_bar) {
        std::fputs("\r\033[K", stderr);
      } else {
        all += c;
      }
    }
    std::fflush(stderr);
  }
  if (is_bar) std::fputs("\r\033[K", stderr);
  return all;
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// Runs a program with what it prints on standard error. What it complains of is said where it succeeds; where it
// is missing or fails the last line is part of what is thrown.
void run_program(std::vector<std::string> words, const std::string& purpose) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw input_error(purpose, "no pipe", "close some files");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  pid_t process = 0;
  const int failed =
      ::posix_spawnp(&process, words[0].c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  const std::string said = read_to_end(ends[0]);
  ::close(ends[0]);
  if (failed != 0) throw input_error(purpose, words[0] + " is not installed", "install it");
  int status = 0;
  ::waitpid(process, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    fmt::print(stderr, "{}", said);
    return;
  }
  const std::string reason = last_line(said);
  throw input_error(purpose, words[0] + " failed" + (reason.empty() ? "" : ": " + reason),
                    "a network and room on the disk are needed; the same command tries again");
}

input_error not_of_this_set(const fs::path& file) {
  return input_error(file.string(), "is there and is not this data set's",
                     "give another --out, or take it away");
}

void check_file(const fs::path& path, const std::string& expected) {
  const std::string got = sha256_of_file(path);
  if (got != expected) {
    fs::remove(path);
    throw input_error(path.string(), "has SHA-256 " + got, expected + " was expected");
  }
}

// What was unpacked takes the place of no other file: a name that is taken by other bytes is refused.
void move_unpacked(const fs::path& from, const fs::path& folder) {
  const auto is_in_place = [&](const fs::path& file) {
    const fs::path to = folder / file.filename();
    if (!fs::exists(to)) return false;
    if (fs::is_regular_file(to) && sha256_of_file(to) == sha256_of_file(file)) return true;
    throw not_of_this_set(to);
  };
  std::vector<fs::path> missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    if (!is_in_place(entry.path())) missing.push_back(entry.path());
  }
  for (const fs::path& file : missing) fs::rename(file, folder / file.filename());
  fs::remove_all(from);
}

void unpack(const fs::path& archive, const std::string& member, const fs::path& folder) {
  const fs::path scratch = folder / (member + ".partial");
  fs::remove_all(scratch);
  fs::create_directories(scratch);
  run_program({"tar", "--extract", "--file", archive.string(), "--directory", scratch.string(),
               "--strip-components", "1", member},
              archive.string());
  fs::remove(archive);
  move_unpacked(scratch, folder);
}

// Whether a file is there already. One of the same name that is not the set's is somebody's own.
bool is_fetched(const json& file, const fs::path& folder) {
  const fs::path to = folder / file["to"].get<std::string>();
  if (file.contains("unpack") || !fs::exists(to)) return false;
  if (!fs::is_regular_file(to) || sha256_of_file(to) != file["sha256"]) throw not_of_this_set(to);
  return true;
}

void fetch(const json& file, const fs::path& folder) {
  const fs::path to = folder / file["to"].get<std::string>();
  const std::string sum = file["sha256"];
  const fs::path partial = to.string() + ".partial";
  fmt::print(stderr, "pamkit: fetching {}\n", file["url"].get<std::string>());
  std::vector<std::string> words = {"curl",     "--fail",         "--location",
                                    "--output", partial.string(), file["url"]};
  if (::isatty(STDERR_FILENO) == 1) {
    words.emplace_back("--progress-bar");
  } else {
    words.insert(words.end(), {"--silent", "--show-error"});
  }
  run_program(words, file["url"]);
  check_file(partial, sum);
  if (file.contains("unpack")) {
    unpack(partial, file["unpack"], folder);
  } else {
    fs::rename(partial, to);
  }
}

fs::path folder_of(const std::string& name) { return fs::path("data") / name; }

// Fetches or makes a data set in `folder`.
void make_set(const std::string& name, const fs::path& folder) {
  const json set = find_set(name);
  if (set.contains("by_hand")) {
    throw input_error("data set '" + name + "'", "cannot be fetched by a program",
                      set["by_hand"].get<std::string>());
  }
  const char* const offline = std::getenv("PAMKIT_OFFLINE");
  if (offline != nullptr && *offline != '\0' && std::string(offline) != "0") {
    throw input_error("data set '" + name + "'", "is to be fetched and PAMKIT_OFFLINE forbids it",
                      "call without PAMKIT_OFFLINE");
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw input_error(folder.string(), error.message(), "give another --out");
  std::vector<json> missing;
  for (const json& file : set.value("files", json::array())) {
    if (!is_fetched(file, folder)) missing.push_back(file);
  }
  fmt::print(stderr, "pamkit: {} ({})\n", set["description"].get<std::string>(),
             set["licence"].get<std::string>());
  for (const json& file : missing) fetch(file, folder);
  if (!set.contains("script")) return;
  for (const carried_file& script : kScripts) {
    if (set["script"] != std::string(script.name) + ".py") continue;
    run_program({"python3", "-c", script.text, folder.string()}, folder.string());
  }
}

int get_set(const options& o) {
  const fs::path folder = o.out.empty() ? folder_of(o.name) : fs::path(o.out);
  make_set(o.name, folder);
  print_out("{}\n", folder.string());
  return 0;
}

// Whether the splits that training reads are there: the scripts write each whole.
bool is_whole_corpus(const fs::path& folder) {
  try {
    read_train(folder);
    read_validation(folder);
    read_test(folder);
  } catch (const input_error&) {
    return false;
  }
  return true;
}

std::string counted(std::size_t count, const char* thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

// Training leaves out pairs with an empty side.
void require_pairs(const parallel_corpus& corpus) {
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    if (has_text(corpus.source[i]) && has_text(corpus.target[i])) return;
  }
  throw input_error(corpus.files.source.string(), "no sentence pair has text on both sides",
                    "sentences of text on both sides were expected");
}

// Tokens that have no space in them: of raw text there are as many pieces or more.
std::size_t words_of(const std::string& line) {
  std::istringstream words(line);
  return static_cast<std::size_t>(std::distance(std::istream_iterator<std::string>(words), {}));
}

recipe recipe_of_text(const fs::path& folder) {
  return load_recipe(is_prepared(folder) ? "translation-iwslt14" : "translation-small", {});
}

// Training refuses test sentences of more than twice the length above which it leaves out pairs.
// How many pieces raw text has only its subwords say, which training makes; that there are too many
// a count of words can say before.
void check_lengths(const fs::path& folder, const std::vector<parallel_corpus>& tests) {
  const bool prepared = is_prepared(folder);
  const recipe what = recipe_of_text(folder);
  const std::size_t most = 2 * what.data.max_sentence_tokens;
  for (const parallel_corpus& corpus : tests) {
    for (std::size_t i = 0; i < corpus.size(); ++i) {
      const std::size_t words = words_of(corpus.source[i]);
      if (words <= most) continue;
      throw input_error(fmt::format("{}:{}", corpus.files.source.string(), i + 1),
                        fmt::format("has {} {}", words, prepared ? "pieces" : "words"),
                        fmt::format("one sentence a line of at most {} pieces was expected, twice "
                                    "data.max_sentence_tokens of {}",
                                    most, what.name));
    }
  }
}

// What training will say of the pairs that it leaves out; empty where there are none. Of raw text
// at least those, for the same reason.
std::string drops_of(const parallel_corpus& corpus, const text_codec* codec, std::size_t most) {
  std::size_t empty = 0;
  std::size_t too_long = 0;
  if (codec != nullptr) {
    const id_corpus encoded = encode_corpus(*codec, corpus, most);
    empty = encoded.dropped_empty;
    too_long = encoded.dropped_long;
  } else {
    for (std::size_t i = 0; i < corpus.size(); ++i) {
      const std::size_t source = words_of(corpus.source[i]);
      const std::size_t target = words_of(corpus.target[i]);
      if (!has_text(corpus.source[i]) || !has_text(corpus.target[i])) {
        ++empty;
      } else if (std::max(source, target) + 1 > most) {  // one more for the end
        ++too_long;
      }
    }
  }
  if (empty + too_long == 0) return {};
  return fmt::format(", of which training leaves out {}{}", codec != nullptr ? "" : "at least ",
                     told_drops(empty, too_long, most));
}

void check_text(const fs::path& folder) {
  const parallel_corpus train = read_train(folder);
  const parallel_corpus valid = read_validation(folder);
  require_pairs(train);
  require_pairs(valid);
  read_test(folder);  // the one that training takes
  std::vector<parallel_corpus> all = {train, valid};
  std::vector<parallel_corpus> tests;
  for (const std::string& name : list_test_splits(folder)) tests.push_back(read_test(folder, name));
  check_lengths(folder, tests);
  all.insert(all.end(), tests.begin(), tests.end());
  std::unique_ptr<text_codec> codec;
  if (is_prepared(folder)) {
    codec = read_dictionaries(folder);
    for (const parallel_corpus& corpus : all) require_known_text(*codec, corpus);
    print_out("prepared text: {} and {} pieces\n", codec->source_size(), codec->target_size());
  }
  const std::size_t most = recipe_of_text(folder).data.max_sentence_tokens;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_tested = i >= all.size() - tests.size();  // with all sentences
    print_out("{}: {}{}\n", all[i].files.name, counted(all[i].size(), "pair"),
              is_tested ? "" : drops_of(all[i], codec.get(), most));
  }
}

void check_images(const fs::path& folder) {
  const image_data data = open_images(folder);
  for (const auto* const set : {data.train.get(), data.valid.get()}) {
    const char* const name = set == data.train.get() ? "train" : "validation";
    share_line line(name, false);
    for (std::size_t i = 0; i < set->size(); ++i) {
      line.show(static_cast<double>(i) / static_cast<double>(set->size()));
      set->load(i);
    }
    line.clear();
    print_out("{}: {}\n", name, counted(set->size(), "image"));
  }
  print_out("{} classes\n", data.classes.size());
}

// As the recipe of bytes reads it.
void check_characters(const fs::path& folder) {
  const recipe charlm = load_recipe("charlm", {});
  load_characters(charlm, folder);
  for (const char* const stem : {"train.txt", "val.txt", "valid.txt", "input.txt"}) {
    for (const char* const ending : {"", ".gz", ".xz"}) {
      const fs::path file = folder / (std::string(stem) + ending);
      if (!fs::exists(file)) continue;
      print_out("{}: {}\n", file.filename().string(), counted(read_file(file).size(), "byte"));
    }
  }
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
  if (fs::is_directory(folder / "train", error) || holds(folder, "data_batch") ||
      holds(folder, "test_batch")) {
    check_images(folder);
  } else if (holds(folder, "input.txt") || holds(folder, "train.txt")) {
    check_characters(folder);
  } else {
    check_text(folder);
  }
  return 0;
}

}  // namespace

std::optional<std::string> default_data(const std::string& recipe_name) {
  for (const carried_file& carried : kSets) {
    const json set = json::parse(carried.text);
    if (set.value("default_of", "") != recipe_name) continue;
    const fs::path folder = folder_of(carried.name);
    if (!is_whole_corpus(folder)) make_set(carried.name, folder);
    return folder.string();
  }
  return std::nullopt;
}

void add_data_command(CLI::App& app, std::function<int()>& run) {
  const auto o = std::make_shared<options>();
  CLI::App* const data = app.add_subcommand("data", "Data sets: where from, licences, checksums");
  data->require_subcommand(1);
  CLI::App* const list = data->add_subcommand("list", "The data sets that recipes name");
  list->add_flag("--json", o->json, "As JSON");
  list->footer(help_footer("  pamkit data list\n  pamkit data list --json\n"));
  list->callback([o, &run] { run = [o] { return list_sets(*o); }; });
  CLI::App* const get = data->add_subcommand("get", "Fetch or make one, and check it");
  get->add_option("name", o->name, "Of a data set")->required();
  get->add_option("--out", o->out, "Folder (default: data/NAME)");
  get->footer(help_footer("  pamkit data get lohelp\n  pamkit data get multi30k --out DIR\n"));
  get->callback([o, &run] { run = [o] { return get_set(*o); }; });
  CLI::App* const check = data->add_subcommand("check", "Read all of a folder as training would");
  check->add_option("folder", o->folder, "Of text, images or bytes")->required();
  check->footer(help_footer("  pamkit data check data/lohelp\n"));
  check->callback([o, &run] { run = [o] { return check_folder(*o); }; });
}

}  // namespace pamkit::training
