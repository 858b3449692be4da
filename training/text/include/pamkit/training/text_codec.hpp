#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/training/batches.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/subwords.hpp"

namespace pamkit::training {

/// SHA-256 of files, by their names.
using file_digests = std::map<std::string, std::string>;

/// Text as piece numbers and back. Numbers 0 to 3 are those of subwords: pad, unknown, begin, end.
class text_codec {
 public:
  virtual ~text_codec() = default;
  virtual std::int32_t source_size() const = 0;
  virtual std::int32_t target_size() const = 0;
  virtual std::vector<std::int32_t> encode_source(std::string_view line) const = 0;
  virtual std::vector<std::int32_t> encode_target(std::string_view line) const = 0;
  /// What is known of a line: its characters where pieces are a subword model's, else its words.
  virtual text_coverage source_coverage(std::string_view line) const = 0;
  virtual text_coverage target_coverage(std::string_view line) const = 0;
  /// Text as a reader would have it, without special pieces.
  virtual std::string decode_target(std::span<const std::int32_t> ids) const = 0;
  /// A reference line as decode_target would write it.
  virtual std::string reference(const std::string& line) const = 0;
  /// Whether it is of prepared text: a dictionary for each language.
  virtual bool is_of_prepared_text() const = 0;
  /// SHA-256 over all that decides the numbers.
  virtual std::string key() const = 0;
  /// Writes what load_codec reads into a run's folder.
  virtual void save(const std::filesystem::path& folder) const = 0;
  /// Of the files that save() writes.
  virtual file_digests digests() const = 0;
};

/// One subword model for both languages.
std::unique_ptr<text_codec> make_codec(subwords pieces);

/// Whether a folder holds text that is tokenised and cut into pieces already: dict.de.txt and
/// dict.en.txt are there. Throws input_error where only one is.
bool is_prepared(const std::filesystem::path& folder, const language_pair& languages = {});

/// The dictionaries of prepared text, "token count" a line: line i is piece i + 4. Pieces that end
/// in "@@" go on in the next one; decoding joins them and undoes the tokenisation (spaces before
/// punctuation, escapes such as &apos;). Throws input_error where a line is not of that form, a
/// token is there twice or a special one.
std::unique_ptr<text_codec> read_dictionaries(const std::filesystem::path& folder,
                                              const language_pair& languages = {});

/// Throws input_error where more than half of a side is unknown to the codec: it is another text's.
void require_known_text(const text_codec& codec, const parallel_corpus& corpus);

/// The same for some lines of the source language, `name` being where they are from.
void require_known_source(const text_codec& codec, std::span<const std::string> lines,
                          const std::string& name);

/// The numbers of lines of the source language that are to be translated, `name` being where they
/// are from. Throws input_error where one has more than twice `max_sentence_tokens` pieces: no
/// model has seen its like, and attention's memory grows with the square.
std::vector<std::vector<std::int32_t>> encode_sources(const text_codec& codec,
                                                      std::span<const std::string> lines,
                                                      const std::string& name,
                                                      std::size_t max_sentence_tokens);

/// Throws input_error where a file in `folder` that save() may have written is none of `own`, or
/// has another digest: pieces of another vocabulary have the same numbers and another meaning.
void require_own_vocabulary(const std::filesystem::path& folder, const file_digests& own);

/// What save() wrote. Throws input_error.
std::unique_ptr<text_codec> load_codec(const std::filesystem::path& folder);

/// Prepared tokens ("@@ " joined or not) as running text.
std::string detokenized(std::string_view line);

/// See encode_corpus of subwords.
id_corpus encode_corpus(const text_codec& codec, const parallel_corpus& corpus,
                        std::size_t max_sentence_tokens);

}  // namespace pamkit::training
