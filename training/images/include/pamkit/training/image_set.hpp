#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pamkit/training/image.hpp"

namespace pamkit::training {

/// Images with classes, by number. Reading is thread-safe.
class image_set {
 public:
  virtual ~image_set() = default;
  virtual std::size_t size() const = 0;
  virtual int label(std::size_t i) const = 0;
  /// Throws input_error where a file cannot be read or decoded.
  virtual image load(std::size_t i) const = 0;
};

/// Training and validation images of a folder. Two layouts are known:
///   CIFAR-10 binary   data_batch_*.bin and test_batch.bin (plain, .gz or .xz): records of a label
///   byte and 3072
///                     bytes R, G, B of 32 x 32; class names in batches.meta.txt where it is there
///   ImageFolder       train/CLASS/*.JPEG (or .jpg, .jpeg) and val/CLASS/ (or valid, test); classes
///   in the
///                     order of bytes
struct image_data {
  std::unique_ptr<image_set> train;
  std::unique_ptr<image_set> valid;
  std::vector<std::string> classes;
  /// SHA-256: over the records; or over the names and sizes of the files and the contents of every n-th of
  /// them, n being their size together in GiB, rounded up. So of a set up to 1 GiB all contents.
  std::string key;
};

/// Throws input_error: neither layout, a file whose size is no whole number of records, a label
/// that is no class, fewer than two classes, an empty class folder, classes of validation that training lacks.
image_data open_images(const std::filesystem::path& folder);

}  // namespace pamkit::training
