#include "pamkit/training/corpus.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>

#include "pamkit/training/input_error.hpp"
#include "pamkit/training/utf8.hpp"

namespace pamkit::training {
namespace {

constexpr std::array<std::string_view, 3> endings = {"", ".gz", ".xz"};

void check_line(std::string_view line, const std::string& path, std::size_t number) {
  const auto where = [&] { return fmt::format("{}:{}", path, number); };
  if (const std::size_t nul = line.find('\0'); nul != std::string_view::npos) {
    throw input_error(where(), fmt::format("byte {} of the line is NUL", nul + 1),
                      "text, one sentence a line, was expected");
  }
  if (const auto invalid = find_invalid_utf8(line)) {
    throw input_error(where(),
                      fmt::format("byte {} of the line is 0x{:02X}, which is not UTF-8 there",
                                  *invalid + 1, static_cast<unsigned char>(line[*invalid])),
                      "UTF-8 text was expected (iconv -t UTF-8 converts)");
  }
}

// The file FOLDER/NAME.LANGUAGE, in whichever compression it is there; empty where it is not.
std::filesystem::path find_file(const std::filesystem::path& folder, std::string_view name,
                                std::string_view language) {
  std::filesystem::path found;
  for (const std::string_view ending : endings) {
    const auto candidate = folder / fmt::format("{}.{}{}", name, language, ending);
    std::error_code error;
    if (!std::filesystem::exists(candidate, error)) continue;
    if (!found.empty()) {
      throw input_error(folder.string(),
                        fmt::format("both {} and {} are there", found.filename().string(),
                                    candidate.filename().string()),
                        "one of them was expected");
    }
    found = candidate;
  }
  return found;
}

constexpr std::string_view expected_folder =
    "a folder with train, val and test in two languages was expected";

// Names for which at least one language is there, in the order of bytes.
std::vector<std::string> names_in(const std::filesystem::path& folder,
                                  const language_pair& languages) {
  std::set<std::string> names;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string file = entry->path().filename().string();
    for (const std::string& language : {languages.source, languages.target}) {
      for (const std::string_view ending : endings) {
        const std::string suffix = fmt::format(".{}{}", language, ending);
        if (file.size() > suffix.size() && file.ends_with(suffix)) {
          names.insert(file.substr(0, file.size() - suffix.size()));
        }
      }
    }
  }
  if (error) {
    throw input_error(folder.string(), error.message(), "a readable folder was expected");
  }
  return {names.begin(), names.end()};
}

std::string expected_files(std::string_view name, const language_pair& languages) {
  return fmt::format("{0}.{1} and {0}.{2} (plain, .gz or .xz) were expected", name,
                     languages.source, languages.target);
}

}  // namespace

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  const std::string content = read_file(path);
  std::string_view rest = content;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  if (rest.empty()) {
    throw input_error(path.string(), "empty", "text, one sentence a line, was expected");
  }
  std::vector<std::string> lines;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (end != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
    check_line(line, path.string(), lines.size() + 1);
    lines.emplace_back(line);
  }
  return lines;
}

void require_folder(const std::filesystem::path& folder, std::string_view expected) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(folder, error);
  const bool is_missing = status.type() == std::filesystem::file_type::not_found;
  if (error && !is_missing) {
    throw input_error(folder.string(), error.message(), "a readable folder was expected");
  }
  if (!std::filesystem::is_directory(status)) {
    throw input_error(folder.string(), "no such folder", expected);
  }
  // Without leave to list it, or to look at what is in it, every file would seem to be missing.
  if (::faccessat(AT_FDCWD, folder.c_str(), R_OK | X_OK, AT_EACCESS) != 0) {
    throw input_error(folder.string(), std::strerror(errno), "a readable folder was expected");
  }
}

split_files find_split(const std::filesystem::path& folder, std::span<const std::string_view> names,
                       const language_pair& languages) {
  require_folder(folder, expected_folder);
  std::optional<split_files> found;
  for (const std::string_view name : names) {
    split_files files{std::string(name), find_file(folder, name, languages.source),
                      find_file(folder, name, languages.target)};
    if (files.source.empty() && files.target.empty()) continue;
    if (found) {
      throw input_error(folder.string(),
                        fmt::format("both {} and {} are there", found->name, files.name),
                        "one of them was expected");
    }
    if (files.source.empty() || files.target.empty()) {
      const auto& there = files.source.empty() ? files.target : files.source;
      throw input_error(
          folder.string(),
          fmt::format("{} is there without the other language", there.filename().string()),
          expected_files(name, languages));
    }
    found = std::move(files);
  }
  if (found) return *found;
  const std::vector<std::string> there = list_splits(folder, languages);
  throw input_error(folder.string(),
                    fmt::format("no {} (there: {})", fmt::join(names, " or "),
                                there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", "))),
                    expected_files(names.empty() ? "NAME" : names.front(), languages));
}

split_files find_test_split(const std::filesystem::path& folder,
                            const std::optional<std::string>& name,
                            const language_pair& languages) {
  require_folder(folder, expected_folder);
  std::string chosen = name.value_or("test");
  if (!name) {
    const std::vector<std::string> names = list_test_splits(folder, languages);
    if (!names.empty()) chosen = names.front();
  }
  const std::array<std::string_view, 1> only = {chosen};
  return find_split(folder, only, languages);
}

std::vector<std::string> list_splits(const std::filesystem::path& folder,
                                     const language_pair& languages) {
  require_folder(folder, expected_folder);
  std::vector<std::string> complete;
  for (const std::string& name : names_in(folder, languages)) {
    if (!find_file(folder, name, languages.source).empty() &&
        !find_file(folder, name, languages.target).empty()) {
      complete.push_back(name);
    }
  }
  return complete;
}

std::vector<std::string> list_test_splits(const std::filesystem::path& folder,
                                          const language_pair& languages) {
  require_folder(folder, expected_folder);
  std::vector<std::string> names = names_in(folder, languages);
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("test"); });
  return names;
}

parallel_corpus read_split(const split_files& files) {
  parallel_corpus corpus{files, read_lines(files.source), read_lines(files.target)};
  if (corpus.source.size() != corpus.target.size()) {
    throw input_error(files.target.string(),
                      fmt::format("has {} lines, but {} has {}", corpus.target.size(),
                                  files.source.string(), corpus.source.size()),
                      "the same number of lines in both, each the translation of the other's, was "
                      "expected");
  }
  return corpus;
}

parallel_corpus read_train(const std::filesystem::path& folder, const language_pair& languages) {
  constexpr std::array<std::string_view, 1> names = {"train"};
  return read_split(find_split(folder, names, languages));
}

parallel_corpus read_validation(const std::filesystem::path& folder,
                                const language_pair& languages) {
  constexpr std::array<std::string_view, 2> names = {"val", "valid"};
  return read_split(find_split(folder, names, languages));
}

parallel_corpus read_test(const std::filesystem::path& folder,
                          const std::optional<std::string>& name, const language_pair& languages) {
  return read_split(find_test_split(folder, name, languages));
}

}  // namespace pamkit::training
