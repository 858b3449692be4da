#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace pamkit::training {

/// How much of a line a vocabulary has, and how much it does not know.
struct text_coverage {
  std::size_t all = 0;
  std::size_t unknown = 0;

  text_coverage& operator+=(const text_coverage& other) {
    all += other.all;
    unknown += other.unknown;
    return *this;
  }
};

/// Whether a line has other than white space, of which there are no pieces.
bool has_text(std::string_view line);

/// What decides a subword model besides the text.
struct subword_settings {
  /// Number of pieces, the four special ones included. A small text may not yield as many: the
  /// model then has fewer (subwords::size()).
  int vocabulary = 4000;
  /// sentencepiece's normalisation: "nmt_nfkc" or "identity".
  std::string normalization = "nmt_nfkc";
};

/// Joint byte-pair encoding over both languages (sentencepiece, on raw text). Training takes one
/// thread, every line in order and every character (coverage 1), so that equal texts give equal
/// model bytes with one version of the library. Reading is thread-safe.
class subwords {
 public:
  static constexpr std::int32_t pad_id = 0;
  static constexpr std::int32_t unknown_id = 1;
  static constexpr std::int32_t begin_id = 2;
  static constexpr std::int32_t end_id = 3;

  /// Trains on the lines of both sides; lines above 65536 bytes are passed over. Throws input_error
  /// where the text has nothing to learn from or more different characters than the vocabulary has
  /// room for.
  static subwords train(std::span<const std::string> source, std::span<const std::string> target,
                        const subword_settings& settings = {});

  /// A model from its bytes; `name` is for the message. Throws input_error where they are not a
  /// sentencepiece model or its special pieces have other numbers than those above.
  static subwords from_bytes(std::string bytes, std::string_view name = "subword model");

  /// from_bytes of a file.
  static subwords load(const std::filesystem::path& path);

  /// The model trained on these lines, kept in `folder` as subwords-KEY.model, KEY = cache_key:
  /// read where it is there and whole, else trained and saved. Several runs may do so at once.
  static subwords load_or_train(const std::filesystem::path& folder,
                                std::span<const std::string> source,
                                std::span<const std::string> target,
                                const subword_settings& settings = {});

  /// SHA-256 over the settings and every line.
  static std::string cache_key(std::span<const std::string> source,
                               std::span<const std::string> target,
                               const subword_settings& settings = {});

  subwords(subwords&&) noexcept;
  subwords& operator=(subwords&&) noexcept;
  ~subwords();

  /// Writes the model under a temporary name beside `path`, then renames: the file is whole or not
  /// there. Throws input_error (disk full, no permission).
  void save(const std::filesystem::path& path) const;

  /// Pieces of a line, without begin and end; empty for a blank line. Characters the training text
  /// did not hold become unknown_id.
  std::vector<std::int32_t> encode(std::string_view line) const;

  /// The characters of a line, white space aside: pieces would not tell, since unknown characters in
  /// a row are one, and each begins with a known piece of white space where it begins a word.
  text_coverage coverage(std::string_view line) const;

  /// The line that the pieces spell. Special pieces spell nothing, but unknown_id spells U+2047
  /// between spaces. Throws std::out_of_range where an id is not in [0, size()).
  std::string decode(std::span<const std::int32_t> ids) const;

  /// Number of pieces: ids are 0 ... size() - 1.
  std::int32_t size() const;

  /// The piece with number `id`, U+2581 standing for a space. Throws std::out_of_range.
  std::string piece(std::int32_t id) const;

  /// The model as it is in its file, and its SHA-256.
  const std::string& bytes() const { return bytes_; }
  std::string sha256() const;

 private:
  subwords(std::string bytes, std::unique_ptr<sentencepiece::SentencePieceProcessor> processor);

  std::string bytes_;
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
};

}  // namespace pamkit::training
