#include "pamkit/training/text_codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <unordered_map>
#include <utility>

#include "pamkit/training/input_error.hpp"
#include "pamkit/training/sha256.hpp"

namespace pamkit::training {
namespace {

namespace fs = std::filesystem;

constexpr std::int32_t kSpecial = 4;

constexpr const char* kSubwords = "subwords.model";
constexpr const char* kSourceDictionary = "dict.source.txt";
constexpr const char* kTargetDictionary = "dict.target.txt";

class subword_codec : public text_codec {
 public:
  explicit subword_codec(subwords pieces) : pieces_(std::move(pieces)) {}
  std::int32_t source_size() const override { return pieces_.size(); }
  std::int32_t target_size() const override { return pieces_.size(); }
  std::vector<std::int32_t> encode_source(std::string_view line) const override {
    return pieces_.encode(line);
  }
  std::vector<std::int32_t> encode_target(std::string_view line) const override {
    return pieces_.encode(line);
  }
  text_coverage source_coverage(std::string_view line) const override {
    return pieces_.coverage(line);
  }
  text_coverage target_coverage(std::string_view line) const override {
    return pieces_.coverage(line);
  }
  std::string decode_target(std::span<const std::int32_t> ids) const override {
    return pieces_.decode(ids);
  }
  std::string reference(const std::string& line) const override { return line; }
  bool is_of_prepared_text() const override { return false; }
  std::string key() const override { return pieces_.sha256(); }
  void save(const fs::path& folder) const override { pieces_.save(folder / kSubwords); }
  file_digests digests() const override { return {{kSubwords, pieces_.sha256()}}; }

 private:
  subwords pieces_;
};

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

class dictionary {
 public:
  explicit dictionary(const fs::path& path) : lines_(read_lines(path)) {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const std::string& line = lines_[i];
      const std::size_t space = line.rfind(' ');
      const std::string token = line.substr(0, space);
      const bool counted = space != std::string::npos && space + 1 < line.size() &&
                           line.find_first_not_of("0123456789", space + 1) == std::string::npos;
      const auto where = [&] { return fmt::format("{}:{}", path.string(), i + 1); };
      if (!counted || token.empty() || token.find(' ') != std::string::npos) {
        throw input_error(where(), fmt::format("is '{}'", line), "\"token count\" was expected");
      }
      const auto id = static_cast<std::int32_t>(i) + kSpecial;
      if (token == "<s>" || token == "<pad>" || token == "</s>" || token == "<unk>") {
        throw input_error(where(), fmt::format("{} is a special token", token),
                          "a dictionary without special tokens was expected");
      }
      if (!ids_.emplace(token, id).second) {
        throw input_error(where(), fmt::format("{} is there twice", token),
                          "each token once was expected");
      }
      tokens_.push_back(token);
    }
  }

  std::int32_t size() const { return static_cast<std::int32_t>(tokens_.size()) + kSpecial; }
  std::vector<std::int32_t> encode(std::string_view line) const {
    std::vector<std::int32_t> ids;
    for (const std::string_view word : words_of(line)) {
      const auto known = ids_.find(std::string(word));
      ids.push_back(known == ids_.end() ? subwords::unknown_id : known->second);
    }
    return ids;
  }
  text_coverage coverage(std::string_view line) const {
    const std::vector<std::int32_t> ids = encode(line);
    return {ids.size(), static_cast<std::size_t>(std::ranges::count(ids, subwords::unknown_id))};
  }
  std::string text(std::span<const std::int32_t> ids) const {
    std::string line;
    for (const std::int32_t id : ids) {
      if (id == subwords::pad_id || id == subwords::begin_id || id == subwords::end_id) continue;
      if (!line.empty()) line += ' ';
      line += id == subwords::unknown_id ? "<unk>"
                                         : tokens_.at(static_cast<std::size_t>(id - kSpecial));
    }
    return line;
  }
  const std::vector<std::string>& lines() const { return lines_; }
  /// Its file.
  std::string bytes() const {
    std::string all;
    for (const std::string& line : lines_) all += line + "\n";
    return all;
  }

 private:
  std::vector<std::string> lines_;
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, std::int32_t> ids_;
};

class dictionary_codec : public text_codec {
 public:
  dictionary_codec(dictionary source, dictionary target)
      : source_(std::move(source)), target_(std::move(target)) {}
  std::int32_t source_size() const override { return source_.size(); }
  std::int32_t target_size() const override { return target_.size(); }
  std::vector<std::int32_t> encode_source(std::string_view line) const override {
    return source_.encode(line);
  }
  std::vector<std::int32_t> encode_target(std::string_view line) const override {
    return target_.encode(line);
  }
  text_coverage source_coverage(std::string_view line) const override {
    return source_.coverage(line);
  }
  text_coverage target_coverage(std::string_view line) const override {
    return target_.coverage(line);
  }
  std::string decode_target(std::span<const std::int32_t> ids) const override {
    return detokenized(target_.text(ids));
  }
  std::string reference(const std::string& line) const override { return detokenized(line); }
  bool is_of_prepared_text() const override { return true; }
  std::string key() const override {
    return subwords::cache_key(source_.lines(), target_.lines(), {});
  }
  void save(const fs::path& folder) const override {
    write(folder / kSourceDictionary, source_);
    write(folder / kTargetDictionary, target_);
  }
  file_digests digests() const override {
    return {{kSourceDictionary, sha256_hex(source_.bytes())},
            {kTargetDictionary, sha256_hex(target_.bytes())}};
  }

 private:
  static void write(const fs::path& path, const dictionary& d) {
    const fs::path partial = path.string() + ".partial";
    {
      std::ofstream file(partial, std::ios::binary);
      file << d.bytes();
      if (!file.flush()) {
        std::error_code ignored;
        fs::remove(partial, ignored);
        throw input_error(path.string(), "cannot be written", "make room on the disk");
      }
    }
    fs::rename(partial, path);
  }

  dictionary source_;
  dictionary target_;
};

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

void require_known(const text_coverage& of, const text_codec& codec, const std::string& name) {
  if (2 * of.unknown <= of.all) return;
  const bool words = codec.is_of_prepared_text();
  throw input_error(
      name,
      fmt::format("{:.1f} % of its {} {}",
                  100 * static_cast<double>(of.unknown) / static_cast<double>(of.all), of.all,
                  words ? "pieces are unknown to the dictionary"
                        : "characters are unknown to the subwords"),
      words ? "the dictionary of this text was expected, which knows half of them or more"
            : "text of the languages that the subwords were made of was expected");
}

fs::path dictionary_file(const fs::path& folder, const std::string& language) {
  return folder / ("dict." + language + ".txt");
}

}  // namespace

std::unique_ptr<text_codec> make_codec(subwords pieces) {
  return std::make_unique<subword_codec>(std::move(pieces));
}

bool is_prepared(const fs::path& folder, const language_pair& languages) {
  std::error_code error;
  const fs::path source = dictionary_file(folder, languages.source);
  const fs::path target = dictionary_file(folder, languages.target);
  const bool has_source = fs::exists(source, error);
  const bool has_target = fs::exists(target, error);
  if (has_source != has_target) {
    throw input_error((has_source ? target : source).string(),
                      "is missing, and the other language's dictionary is there",
                      "prepared text has both, raw text none");
  }
  return has_source;
}

std::unique_ptr<text_codec> read_dictionaries(const fs::path& folder,
                                              const language_pair& languages) {
  return std::make_unique<dictionary_codec>(dictionary(dictionary_file(folder, languages.source)),
                                            dictionary(dictionary_file(folder, languages.target)));
}

void require_known_source(const text_codec& codec, std::span<const std::string> lines,
                          const std::string& name) {
  text_coverage sum;
  for (const std::string& line : lines) sum += codec.source_coverage(line);
  require_known(sum, codec, name);
}

void require_known_text(const text_codec& codec, const parallel_corpus& corpus) {
  require_known_source(codec, corpus.source, corpus.files.source.string());
  text_coverage sum;
  for (const std::string& line : corpus.target) sum += codec.target_coverage(line);
  require_known(sum, codec, corpus.files.target.string());
}

std::vector<std::vector<std::int32_t>> encode_sources(const text_codec& codec,
                                                      std::span<const std::string> lines,
                                                      const std::string& name,
                                                      std::size_t max_sentence_tokens) {
  std::vector<std::vector<std::int32_t>> sources;
  for (const std::string& line : lines) {
    sources.push_back(codec.encode_source(line));
    if (sources.back().size() <= 2 * max_sentence_tokens) continue;
    throw input_error(fmt::format("{}:{}", name, sources.size()),
                      fmt::format("has {} pieces", sources.back().size()),
                      fmt::format("one sentence a line of at most {} was expected, twice "
                                  "data.max_sentence_tokens",
                                  2 * max_sentence_tokens));
  }
  return sources;
}

void require_own_vocabulary(const fs::path& folder, const file_digests& own) {
  for (const char* const name : {kSubwords, kSourceDictionary, kTargetDictionary}) {
    const fs::path file = folder / name;
    std::error_code error;
    if (!fs::exists(file, error)) continue;
    const auto listed = own.find(name);
    if (listed == own.end()) {
      throw input_error(file.string(), "is no file of this run", "take it away");
    }
    const std::string digest = sha256_of_file(file);
    if (digest == listed->second) continue;
    throw input_error(file.string(), "has SHA-256 " + digest,
                      "the vocabulary of this run was expected, which has " + listed->second);
  }
}

std::unique_ptr<text_codec> load_codec(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / kSubwords, error)) {
    return make_codec(subwords::load(folder / kSubwords));
  }
  if (!fs::exists(folder / kSourceDictionary, error) &&
      !fs::exists(folder / kTargetDictionary, error)) {
    throw input_error(folder.string(), "holds no subwords.model",
                      "the folder of a finished run with it was expected, or one of prepared text "
                      "with dict.source.txt and dict.target.txt");
  }
  return std::make_unique<dictionary_codec>(dictionary(folder / kSourceDictionary),
                                            dictionary(folder / kTargetDictionary));
}

std::string detokenized(std::string_view line) {
  std::string text(line);
  replace_all(text, "@@ ", "");
  if (text.ends_with("@@")) text.resize(text.size() - 2);
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> escapes = {
      {{"&lt;", "<"},
       {"&gt;", ">"},
       {"&quot;", "\""},
       {"&apos;", "'"},
       {"&#124;", "|"},
       {"&#91;", "["},
       {"&#93;", "]"}}};
  for (const auto& [escape, character] : escapes) replace_all(text, escape, character);
  replace_all(text, "&amp;", "&");
  replace_all(text, " @-@ ", "-");
  constexpr std::array<std::string_view, 14> to_the_left = {
      ",", ".", "?", "!", ":", ";", ")", "]", "}", "%", "...", "'", "\xC2\xBB", "\xE2\x80\xA6"};
  constexpr std::array<std::string_view, 7> endings = {"'s", "'re", "'ve", "'ll",
                                                       "'d", "'m",  "n't"};
  constexpr std::array<std::string_view, 6> to_the_right = {"(", "[",        "{",
                                                            "$", "\xC2\xAB", "\xC2\xBF"};
  std::string result;
  bool glue = true;
  bool quoted = false;
  for (const std::string_view word : words_of(text)) {
    const bool quote = word == "\"";
    const bool left = is_one_of(word, to_the_left) || is_one_of(word, endings) || (quote && quoted);
    if (!glue && !left) result += ' ';
    result += word;
    glue = is_one_of(word, to_the_right) || (quote && !quoted);
    if (quote) quoted = !quoted;
  }
  return result;
}

}  // namespace pamkit::training
