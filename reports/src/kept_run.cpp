#include "kept_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "page.hpp"

namespace pamkit::reports {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSentences = "sentences.json";
constexpr std::string_view kKeptFiles[] = {kConfig, kMetrics, kSummary, kStatistics, kSentences};
constexpr std::string_view kKeptInPart = ".pamkit-keep-";  // begins the name of what is no run yet

// A folder beside another one, which becomes that one or is removed again.
class folder_in_part {
 public:
  explicit folder_in_part(const fs::path& target)
      : target_(target), path_(beside("")), replaced_(beside("old-")) {
    fs::remove_all(path_);  // of an ended process with this number
    fs::create_directories(path_);
  }
  folder_in_part(const folder_in_part&) = delete;
  folder_in_part& operator=(const folder_in_part&) = delete;
  ~folder_in_part() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }

  void rename() {
    const bool was_there = fs::exists(target_);
    if (was_there) fs::rename(target_, replaced_);
    std::error_code error;
    fs::rename(path_, target_, error);
    if (error) {
      if (was_there) fs::rename(replaced_, target_);
      throw fs::filesystem_error("", target_, error);
    }
    fs::remove_all(replaced_, error);
  }

 private:
  fs::path beside(const char* kind) const {
    return target_.parent_path() / (std::string(kKeptInPart) + kind + std::to_string(getpid()) +
                                    "-" + target_.filename().string());
  }

  fs::path target_;
  fs::path path_;
  fs::path replaced_;
};

// A folder is replaced as a whole, so none that holds more than what is kept.
void require_kept_alone(const fs::path& folder) {
  if (!fs::exists(folder)) return;
  if (!fs::is_directory(folder)) throw input_error(folder.string() + ": there, and no folder");
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (std::ranges::find(kKeptFiles, name) != std::end(kKeptFiles)) continue;
    throw input_error(entry.path().string() +
                      ": not written by --keep, which would replace its folder; take it away, or "
                      "name another --keep");
  }
}

void keep_files(const training_run& run, const fs::path& to) {
  require_kept_alone(to);
  folder_in_part kept(to);
  for (const std::string_view name : kKeptFiles) {
    if (name == kSentences) continue;  // made below, of what was read
    const fs::path from = run.folder / name;
    require_regular_file(from);
    std::ifstream in(from, std::ios::binary);
    if (!in) continue;  // of an unfinished run
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) throw input_error(from.string() + ": cannot be read");
    write_output(kept.path() / name, text);
  }
  if (!run.sentences.sentences.empty()) {
    write_output(kept.path() / kSentences, sentences_json(run.sentences));
  }
  kept.rename();
}

}  // namespace

bool is_kept_in_part(const fs::path& folder) {
  return folder.filename().string().starts_with(kKeptInPart);
}

void keep_run(const training_run& run, const fs::path& to) {
  std::error_code none;
  if (fs::equivalent(run.folder, to, none)) return;  // holds what is kept, and perhaps more
  try {
    keep_files(run, to);
  } catch (const fs::filesystem_error& error) {
    throw input_error("cannot write " + to.string() + ": " + error.code().message());
  }
}

}  // namespace pamkit::reports
