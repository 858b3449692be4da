#include "pamkit/training/subwords.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <unordered_map>

#include "pamkit/training/corpus.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/sha256.hpp"
#include "pamkit/training/utf8.hpp"

namespace pamkit::training {
namespace {

constexpr std::int32_t special_ids = 4;

using options = std::unordered_map<std::string, std::string>;

// Everything that decides the model, and nothing else: it is hashed into the cache key.
options training_options(const subword_settings& settings) {
  return {
      {"model_type", "bpe"},
      {"vocab_size", std::to_string(settings.vocabulary)},
      {"hard_vocab_limit", "false"},
      {"normalization_rule_name", settings.normalization},
      {"character_coverage", "1.0"},
      {"num_threads", "1"},
      {"input_sentence_size", "0"},
      {"shuffle_input_sentence", "false"},
      {"max_sentence_length", "65536"},
      {"pad_id", std::to_string(subwords::pad_id)},
      {"unk_id", std::to_string(subwords::unknown_id)},
      {"bos_id", std::to_string(subwords::begin_id)},
      {"eos_id", std::to_string(subwords::end_id)},
  };
}

// The lines of the source, then those of the target.
class line_iterator final : public sentencepiece::SentenceIterator {
 public:
  line_iterator(std::span<const std::string> source, std::span<const std::string> target)
      : source_(source), target_(target) {}

  bool done() const override { return next_ == source_.size() + target_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override {
    return next_ < source_.size() ? source_[next_] : target_[next_ - source_.size()];
  }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::span<const std::string> source_;
  std::span<const std::string> target_;
  std::size_t next_ = 0;
};

// Of a piece, without the U+2581 that stand for spaces.
std::size_t characters_of(std::string_view piece) {
  std::size_t count = 0;
  while (!piece.empty()) {
    const code_point first = first_code_point(piece);
    if (first.value != U'\u2581') ++count;
    piece.remove_prefix(first.size);
  }
  return count;
}

// The library's message without the place in its source: "./file.cc(580) [condition] message".
std::string_view without_place(std::string_view message) {
  const std::size_t end = message.starts_with("./") ? message.find("] ") : std::string_view::npos;
  return end == std::string_view::npos ? message : message.substr(end + 2);
}

[[noreturn]] void refuse_text() {
  throw input_error("subword training", "no line with text that can be learnt from",
                    "lines of up to 65536 bytes with other than white space were expected");
}

void require_id(std::int32_t id, std::int32_t size) {
  if (id < 0 || id >= size) {
    throw std::out_of_range(fmt::format("subwords: id {} is not in [0, {})", id, size));
  }
}

// A file that is removed unless kept, so that a failure leaves nothing behind.
class temporary_file {
 public:
  explicit temporary_file(std::filesystem::path target)
      : target_(std::move(target)),
        name_(target_.string() + ".XXXXXX"),
        descriptor_(mkstemp(name_.data())) {
    if (descriptor_ < 0) fail();
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file() {
    if (descriptor_ >= 0) {
      close(descriptor_);
      unlink(name_.c_str());
    }
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail();
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void rename_to_target() {
    constexpr mode_t readable_by_all = 0644;
    if (fchmod(descriptor_, readable_by_all) != 0 || fsync(descriptor_) != 0 ||
        std::rename(name_.c_str(), target_.c_str()) != 0) {
      fail();
    }
    close(descriptor_);
    descriptor_ = -1;
  }

 private:
  [[noreturn]] void fail() const {
    throw input_error(target_.string(), fmt::format("cannot be written ({})", std::strerror(errno)),
                      "a writable place with room was expected");
  }

  std::filesystem::path target_;
  std::string name_;
  int descriptor_;
};

}  // namespace

bool has_text(std::string_view line) {
  return line.find_first_not_of(" \t\r\n") != std::string_view::npos;
}

subwords::subwords(std::string bytes,
                   std::unique_ptr<sentencepiece::SentencePieceProcessor> processor)
    : bytes_(std::move(bytes)), processor_(std::move(processor)) {}
subwords::subwords(subwords&&) noexcept = default;
subwords& subwords::operator=(subwords&&) noexcept = default;
subwords::~subwords() = default;

subwords subwords::train(std::span<const std::string> source, std::span<const std::string> target,
                         const subword_settings& settings) {
  if (std::ranges::none_of(source, has_text) && std::ranges::none_of(target, has_text)) {
    refuse_text();
  }
  options arguments = training_options(settings);
  constexpr const char* only_fatal = "3";
  arguments.emplace("minloglevel", only_fatal);
  line_iterator lines(source, target);
  std::string bytes;
  const auto status = sentencepiece::SentencePieceTrainer::Train(arguments, &lines, &bytes);
  const std::string_view reason = status.ok() ? "" : without_place(status.message());
  if (!reason.empty()) {
    throw input_error("subword training", fmt::format("sentencepiece says: {}", reason),
                      "a vocabulary with room for every character of the text, and a known "
                      "normalization (nmt_nfkc or identity), were expected");
  }
  if (!status.ok()) refuse_text();
  subwords model = from_bytes(std::move(bytes), "trained subword model");
  if (model.size() <= special_ids) refuse_text();
  return model;
}

subwords subwords::from_bytes(std::string bytes, std::string_view name) {
  auto processor = std::make_unique<sentencepiece::SentencePieceProcessor>();
  const std::string_view expected =
      "a sentencepiece model with pad, unk, bos, eos = 0, 1, 2, 3 was "
      "expected";
  if (bytes.empty() || !processor->LoadFromSerializedProto(bytes).ok()) {
    throw input_error(name, "not a sentencepiece model", expected);
  }
  const std::array<int, 4> special = {processor->pad_id(), processor->unk_id(), processor->bos_id(),
                                      processor->eos_id()};
  if (special != std::array<int, 4>{pad_id, unknown_id, begin_id, end_id}) {
    throw input_error(name,
                      fmt::format("its pad, unk, bos, eos are {}, {}, {}, {}", special[0],
                                  special[1], special[2], special[3]),
                      expected);
  }
  return {std::move(bytes), std::move(processor)};
}

subwords subwords::load(const std::filesystem::path& path) {
  return from_bytes(read_file(path), path.string());
}

std::string subwords::cache_key(std::span<const std::string> source,
                                std::span<const std::string> target,
                                const subword_settings& settings) {
  const options unordered = training_options(settings);
  std::vector<std::pair<std::string, std::string>> sorted(unordered.begin(), unordered.end());
  std::ranges::sort(sorted);
  class sha256 hash;
  hash.update("pamkit subwords 1\n");
  for (const auto& [name, value] : sorted) hash.update(fmt::format("{}={}\n", name, value));
  for (const auto side : {source, target}) {
    hash.update(fmt::format("{} lines\n", side.size()));
    for (const std::string& line : side) {
      hash.update(line);
      hash.update("\n");
    }
  }
  return hash.hex();
}

subwords subwords::load_or_train(const std::filesystem::path& folder,
                                 std::span<const std::string> source,
                                 std::span<const std::string> target,
                                 const subword_settings& settings) {
  const auto path =
      folder / fmt::format("subwords-{}.model", cache_key(source, target, settings).substr(0, 16));
  if (std::filesystem::exists(path)) {
    try {
      return load(path);
    } catch (const input_error&) {
      // Damaged from outside; trained again and replaced below.
    }
  }
  subwords model = train(source, target, settings);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  model.save(path);
  return model;
}

void subwords::save(const std::filesystem::path& path) const {
  temporary_file file(path);
  file.write(bytes_);
  file.rename_to_target();
}

std::vector<std::int32_t> subwords::encode(std::string_view line) const {
  std::vector<int> ids;
  const auto status = processor_->Encode(line, &ids);
  if (!status.ok()) throw std::runtime_error(fmt::format("subwords: {}", status.message()));
  return {ids.begin(), ids.end()};
}

text_coverage subwords::coverage(std::string_view line) const {
  std::vector<std::string> pieces;
  const auto status = processor_->Encode(line, &pieces);
  if (!status.ok()) throw std::runtime_error(fmt::format("subwords: {}", status.message()));
  text_coverage result;
  for (const std::string& piece : pieces) {
    const std::size_t characters = characters_of(piece);
    result.all += characters;
    if (processor_->PieceToId(piece) == unknown_id) result.unknown += characters;
  }
  return result;
}

std::string subwords::decode(std::span<const std::int32_t> ids) const {
  for (const std::int32_t id : ids) require_id(id, size());
  std::string text;
  const auto status = processor_->Decode(std::vector<int>(ids.begin(), ids.end()), &text);
  if (!status.ok()) throw std::runtime_error(fmt::format("subwords: {}", status.message()));
  return text;
}

std::int32_t subwords::size() const { return processor_->GetPieceSize(); }

std::string subwords::piece(std::int32_t id) const {
  require_id(id, size());
  return processor_->IdToPiece(id);
}

std::string subwords::sha256() const { return sha256_hex(bytes_); }

}  // namespace pamkit::training
