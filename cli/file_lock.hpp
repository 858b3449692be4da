#pragma once

#include <filesystem>

namespace pamkit::cli {

/// Holds a file, which is made where none is, so that no other process works on it at the same
/// time; the end of the process lets go of it too. Not copied, not moved.
class file_lock {
 public:
  /// Throws `failure` where another process holds it, or it is no file that can be written.
  explicit file_lock(const std::filesystem::path& file);
  ~file_lock();
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace pamkit::cli
