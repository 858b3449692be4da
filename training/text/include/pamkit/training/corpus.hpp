#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pamkit::training {

/// The bytes of a file, decompressed where its name ends in .gz (one or more members) or .xz (one
/// or more streams). Throws input_error: not there, not readable, not of the format its name says,
/// damaged, cut off, or bytes left over behind the end.
std::string read_file(const std::filesystem::path& path);

/// The lines of a text file (see read_file) without their line ends. A line ends in LF or CR LF;
/// the last may lack it; only these end a line (U+2028 and a CR alone do not). A byte order mark at
/// the start of the file is dropped. Throws input_error with the line's number where a line holds a
/// NUL byte or is not strict UTF-8, and where the file has no line at all. Empty lines are kept:
/// they are segments.
std::vector<std::string> read_lines(const std::filesystem::path& path);

/// Throws input_error where `folder` is no folder, `expected` being what would be right, and where
/// its files cannot be seen.
void require_folder(const std::filesystem::path& folder, std::string_view expected);

/// Languages by the endings of the file names.
struct language_pair {
  std::string source = "de";
  std::string target = "en";
};

/// Where a split of a corpus lies.
struct split_files {
  std::string name;  ///< "train", "val", "test_2016_flickr"
  std::filesystem::path source;
  std::filesystem::path target;
};

/// A text in two languages, line by line; both sides have the same number of lines, at least one.
struct parallel_corpus {
  split_files files;
  std::vector<std::string> source;
  std::vector<std::string> target;

  /// Number of sentence pairs.
  std::size_t size() const { return source.size(); }
};

/// The split called by the one of `names` (as {"val", "valid"}) that `folder` holds as NAME.de
/// and NAME.en, each plain, .gz or .xz. Throws input_error: no such folder, no such split (the
/// message lists those there are), more than one, one language missing, the same file in two
/// compressions.
split_files find_split(const std::filesystem::path& folder, std::span<const std::string_view> names,
                       const language_pair& languages = {});

/// The test split: the one called `name` where given; else the only test*, or the first of them in
/// the order of bytes. Throws as find_split.
split_files find_test_split(const std::filesystem::path& folder,
                            const std::optional<std::string>& name = std::nullopt,
                            const language_pair& languages = {});

/// Names of all complete splits (both languages there) in `folder`, in the order of bytes.
std::vector<std::string> list_splits(const std::filesystem::path& folder,
                                     const language_pair& languages = {});

/// Names of the test splits (test*) of which at least one language is there, in the order of bytes.
std::vector<std::string> list_test_splits(const std::filesystem::path& folder,
                                          const language_pair& languages = {});

/// Reads both sides. Throws input_error as read_lines, and where the numbers of lines differ.
parallel_corpus read_split(const split_files& files);

/// read_split of train, of val or valid, and of the test split.
parallel_corpus read_train(const std::filesystem::path& folder,
                           const language_pair& languages = {});
parallel_corpus read_validation(const std::filesystem::path& folder,
                                const language_pair& languages = {});
parallel_corpus read_test(const std::filesystem::path& folder,
                          const std::optional<std::string>& name = std::nullopt,
                          const language_pair& languages = {});

}  // namespace pamkit::training
