#include "made_data.hpp"

#include <cstdlib>
#include <string>

#include "durable_file.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/philox.hpp"

namespace pamkit::training {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSeed = 1;
constexpr const char* kWords[] = {"ein", "haus", "im", "wald", "der", "hund", "sieht", "rot"};

// Number `element` of `kind`, below `end`.
std::uint32_t drawn(std::uint32_t kind, std::uint32_t row, std::uint32_t element,
                    std::uint32_t end) {
  return random_bits(kSeed, kind, 0, row, element) % end;
}

std::string lines(std::uint32_t kind, std::uint32_t count) {
  std::string text;
  for (std::uint32_t line = 0; line < count; ++line) {
    const std::uint32_t words = 2 + drawn(kind, line, 0, 4);
    for (std::uint32_t i = 0; i < words; ++i) {
      text.append(i == 0 ? "" : " ").append(kWords[drawn(kind, line, i + 1, std::size(kWords))]);
    }
    text += '\n';
  }
  return text;
}

// Of both languages the same.
void write_text(const fs::path& folder, bool is_prepared) {
  fs::create_directories(folder);
  std::string dictionary;
  for (const char* const word : kWords) dictionary.append(word).append(" 1\n");
  for (const std::string language : {".de", ".en"}) {
    write_durably(folder / ("train" + language), lines(0, 160));
    write_durably(folder / ("val" + language), lines(1, 8));
    write_durably(folder / ("test_made" + language), lines(2, 8));
    if (is_prepared) write_durably(folder / ("dict" + language + ".txt"), dictionary);
  }
}

// CIFAR-10's records: a label, then 3 x 32 x 32 bytes.
std::string records(std::uint32_t kind, std::uint32_t count) {
  std::string bytes;
  for (std::uint32_t i = 0; i < count; ++i) {
    bytes += static_cast<char>(i % 10);
    for (std::uint32_t k = 0; k < 3 * 32 * 32; ++k) {
      bytes += static_cast<char>(drawn(kind, i, k, 256));
    }
  }
  return bytes;
}

void write_images(const fs::path& folder) {
  fs::create_directories(folder);
  write_durably(folder / "data_batch_1.bin", records(3, 20));
  write_durably(folder / "test_batch.bin", records(4, 10));
}

void write_bytes(const fs::path& folder) {
  fs::create_directories(folder);
  write_durably(folder / "train.txt", lines(5, 40));
  write_durably(folder / "val.txt", lines(6, 40));
}

fs::path temporary_folder() {
  std::string pattern = (fs::temp_directory_path() / "pamkit-operators-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw input_error(pattern, last_error(), "set TMPDIR to a folder that can be written to");
  }
  return pattern;
}

}  // namespace

made_data::made_data() : folder_(temporary_folder()) {
  write_text(folder_ / "text", false);
  write_text(folder_ / "prepared", true);
  write_images(folder_ / "images");
  write_bytes(folder_ / "bytes");
}

made_data::~made_data() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

fs::path made_data::folder_for(const recipe& what) const {
  switch (what.kind) {
    case recipe::task::translation:
      return folder_ / (what.model.separate_source ? "prepared" : "text");
    case recipe::task::images:
      return folder_ / "images";
    case recipe::task::characters:
      return folder_ / "bytes";
  }
  return folder_;
}

}  // namespace pamkit::training
