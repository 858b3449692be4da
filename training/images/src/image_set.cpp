#include "pamkit/training/image_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <system_error>

#include "pamkit/training/corpus.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/sha256.hpp"

namespace pamkit::training {
namespace {

namespace fs = std::filesystem;

constexpr int kCifarSize = 32;
constexpr std::size_t kPlane = 1024;
constexpr std::size_t kRecord = 1 + 3 * kPlane;
constexpr std::uintmax_t kGibibyte = std::uintmax_t{1} << 30;

// --- CIFAR-10
// -----------------------------------------------------------------------------------------

class cifar_records : public image_set {
 public:
  explicit cifar_records(std::string records) : records_(std::move(records)) {}

  std::size_t size() const override { return records_.size() / kRecord; }
  int label(std::size_t i) const override {
    return static_cast<unsigned char>(records_[i * kRecord]);
  }
  image load(std::size_t i) const override {
    image result(kCifarSize, kCifarSize);
    const char* const planes = records_.data() + i * kRecord + 1;
    for (std::size_t pixel = 0; pixel < kPlane; ++pixel) {
      for (std::size_t c = 0; c < 3; ++c) {
        result.rgb[pixel * 3 + c] = static_cast<std::uint8_t>(planes[c * kPlane + pixel]);
      }
    }
    return result;
  }

 private:
  std::string records_;
};

// The name of a file of records without the ending of its compression; empty where it is none.
std::string record_name(const fs::path& file) {
  const fs::path name = file.filename();
  const bool is_packed = name.extension() == ".gz" || name.extension() == ".xz";
  const fs::path plain = is_packed ? name.stem() : name;
  return plain.extension() == ".bin" ? plain.string() : "";
}

bool is_numbered_batch(const std::string& name) {
  constexpr std::string_view before = "data_batch_";
  constexpr std::string_view behind = ".bin";
  if (name.size() <= before.size() + behind.size() || !name.starts_with(before)) return false;
  const std::size_t other = name.find_first_not_of("0123456789", before.size());
  return other == name.size() - behind.size();
}

// The files of training, or of testing. Each records once, and none that is called so and is left
// out.
std::vector<fs::path> record_files(const std::vector<fs::path>& entries, const std::string& stem) {
  const bool is_test = stem == "test_batch";
  std::map<std::string, fs::path> found;
  for (const fs::path& entry : entries) {
    const std::string name = record_name(entry);
    if (!name.starts_with(stem)) continue;
    if (is_test ? name != "test_batch.bin" : !is_numbered_batch(name)) {
      throw input_error(entry.string(), "is no file of CIFAR-10",
                        "data_batch_NUMBER.bin and test_batch.bin were expected");
    }
    const auto [other, is_new] = found.emplace(name, entry);
    if (is_new) continue;
    throw input_error(entry.string(), "is there and so is " + other->second.filename().string(),
                      "one of them was expected");
  }
  std::vector<fs::path> files;
  for (const auto& [name, path] : found) files.push_back(path);
  return files;
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    found.push_back(it->path());
  }
  if (error) throw input_error(folder.string(), error.message(), "a readable folder was expected");
  std::ranges::sort(found);
  return found;
}

std::string read_records(const std::vector<fs::path>& files, std::size_t classes) {
  std::string all;
  for (const fs::path& file : files) {
    const std::string bytes = read_file(file);
    if (bytes.empty() || bytes.size() % kRecord != 0) {
      throw input_error(
          file.string(),
          fmt::format("has {} bytes, {} more than whole records", bytes.size(),
                      bytes.size() % kRecord),
          fmt::format("records of {} bytes, a label and 3072 of R, G, B, were expected", kRecord));
    }
    for (std::size_t at = 0; at < bytes.size(); at += kRecord) {
      const auto label = static_cast<unsigned char>(bytes[at]);
      if (label >= classes) {
        throw input_error(file.string(),
                          fmt::format("record {} has label {}", at / kRecord + 1, label),
                          fmt::format("labels 0 to {} were expected", classes - 1));
      }
    }
    all += bytes;
  }
  return all;
}

std::vector<std::string> cifar_classes(const fs::path& folder) {
  std::error_code error;
  const fs::path names = folder / "batches.meta.txt";
  std::vector<std::string> classes;
  if (fs::exists(names, error)) {
    for (std::string& line : read_lines(names)) {
      if (!line.empty()) classes.push_back(std::move(line));
    }
  }
  for (int i = static_cast<int>(classes.size()); i < 10; ++i) classes.push_back(std::to_string(i));
  return classes;
}

image_data open_cifar(const fs::path& folder, const std::vector<fs::path>& train,
                      const std::vector<fs::path>& test) {
  image_data data;
  data.classes = cifar_classes(folder);
  std::string training = read_records(train, data.classes.size());
  std::string validation = read_records(test, data.classes.size());
  data.key = sha256_hex(sha256_hex(training) + sha256_hex(validation));
  data.train = std::make_unique<cifar_records>(std::move(training));
  data.valid = std::make_unique<cifar_records>(std::move(validation));
  return data;
}

// --- ImageFolder --------------------------------------------------------------------------------

struct labelled_file {
  fs::path path;
  int label;
};

class jpeg_files : public image_set {
 public:
  explicit jpeg_files(std::vector<labelled_file> files) : files_(std::move(files)) {}

  std::size_t size() const override { return files_.size(); }
  int label(std::size_t i) const override { return files_[i].label; }
  image load(std::size_t i) const override {
    return decode_jpeg(read_file(files_[i].path), files_[i].path.string());
  }

 private:
  std::vector<labelled_file> files_;
};

bool is_jpeg(const fs::path& path) {
  constexpr std::array<std::string_view, 6> endings = {".JPEG", ".jpeg", ".jpg",
                                                       ".JPG",  ".Jpeg", ".Jpg"};
  return std::ranges::find(endings, path.extension().string()) != endings.end();
}

std::vector<std::string> class_folders(const fs::path& split) {
  std::vector<std::string> classes;
  std::error_code error;
  for (const fs::path& entry : entries(split)) {
    if (fs::is_directory(entry, error)) classes.push_back(entry.filename().string());
  }
  if (classes.empty()) {
    throw input_error(split.string(), "holds no class folder", "CLASS/*.JPEG was expected");
  }
  return classes;
}

std::vector<labelled_file> files_of(const fs::path& split,
                                    const std::vector<std::string>& classes) {
  std::vector<labelled_file> files;
  for (const std::string& name : class_folders(split)) {
    const auto place = std::ranges::find(classes, name);
    if (place == classes.end()) {
      throw input_error((split / name).string(), "is a class that training does not have",
                        "the class folders of train were expected");
    }
    const std::size_t before = files.size();
    for (const fs::path& entry : entries(split / name)) {
      if (!is_jpeg(entry)) continue;
      std::error_code error;
      if (!fs::is_regular_file(entry, error)) {
        throw input_error(entry.string(), "is called an image and is no file",
                          "files, or links to files that are there, were expected");
      }
      files.push_back({entry, static_cast<int>(place - classes.begin())});
    }
    if (files.size() == before) {
      throw input_error((split / name).string(), "is an empty class folder",
                        "images (*.JPEG, *.jpg) were expected");
    }
  }
  return files;
}

// A set of many gigabytes is read once for each epoch, but not for its name.
std::string key_of(const fs::path& folder,
                   std::initializer_list<const std::vector<labelled_file>*> splits) {
  std::uintmax_t bytes = 0;
  for (const auto* const files : splits) {
    for (const labelled_file& f : *files) bytes += fs::file_size(f.path);
  }
  const std::uintmax_t every = std::max<std::uintmax_t>(1, (bytes + kGibibyte - 1) / kGibibyte);
  sha256 key;
  std::uintmax_t number = 0;
  for (const auto* const files : splits) {
    for (const labelled_file& f : *files) {
      key.update(fmt::format("{}\n{}\n{}\n", f.path.lexically_relative(folder).string(),
                             fs::file_size(f.path),
                             number % every == 0 ? sha256_of_file(f.path) : ""));
      ++number;
    }
  }
  return key.hex();
}

image_data open_folder(const fs::path& folder, const fs::path& valid) {
  image_data data;
  data.classes = class_folders(folder / "train");
  std::vector<labelled_file> training = files_of(folder / "train", data.classes);
  std::vector<labelled_file> validation = files_of(valid, data.classes);
  data.key = key_of(folder, {&training, &validation});
  data.train = std::make_unique<jpeg_files>(std::move(training));
  data.valid = std::make_unique<jpeg_files>(std::move(validation));
  return data;
}

image_data open_any(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw input_error(folder.string(), "no such folder", "a folder of images was expected");
  }
  const std::vector<fs::path> all = entries(folder);
  const std::vector<fs::path> train = record_files(all, "data_batch");
  const std::vector<fs::path> test = record_files(all, "test_batch");
  if (train.empty() != test.empty()) {
    throw input_error(folder.string(),
                      train.empty() ? "holds test_batch.bin and no data_batch_NUMBER.bin"
                                    : "holds data_batch_NUMBER.bin and no test_batch.bin",
                      "both were expected");
  }
  const bool has_folders = fs::is_directory(folder / "train", error);
  if (!train.empty() && has_folders) {
    throw input_error(folder.string(),
                      fmt::format("both {} and train are there", train.front().filename().string()),
                      "records of CIFAR-10 or folders of images were expected");
  }
  if (!train.empty()) return open_cifar(folder, train, test);
  if (has_folders) {
    const auto has = [&](const char* name) { return fs::is_directory(folder / name, error); };
    if (has("val") && has("valid")) {
      throw input_error(folder.string(), "both val and valid are there",
                        "one of them was expected");
    }
    for (const char* const name : {"val", "valid", "test"}) {
      if (has(name)) return open_folder(folder, folder / name);
    }
  }
  throw input_error(folder.string(), "holds no images in a known layout",
                    "data_batch_*.bin and test_batch.bin of CIFAR-10, or train/CLASS/*.JPEG and "
                    "val/CLASS/*.JPEG were expected");
}

}  // namespace

image_data open_images(const fs::path& folder) {
  image_data data = open_any(folder);
  if (data.classes.size() < 2) {
    throw input_error(folder.string(), "holds one class", "two or more were expected");
  }
  return data;
}

}  // namespace pamkit::training
