#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>  // mkdtemp

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

#include "pamkit/training/input_error.hpp"

namespace pamkit::training {

/// A folder of its own for one test, removed afterwards.
class scratch_folder {
 public:
  scratch_folder() {
    std::string name = testing::TempDir() + "pamkit-text-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), name);
    }
    path_ = name;
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  const std::filesystem::path& path() const { return path_; }

  /// Writes a file with these bytes and returns its path.
  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// The message of the input_error that `action` throws; a message that says so where it throws
/// none.
template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const input_error& error) {
    EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos) << "one line";
    return error.what();
  }
  return "no input_error was thrown";
}

}  // namespace pamkit::training
