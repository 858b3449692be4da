#include "durable_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "pamkit/training/input_error.hpp"

namespace pamkit::training {
namespace {

class open_file {
 public:
  open_file(const std::filesystem::path& path, int flags)
      : file_(::open(path.c_str(), flags, 0666)) {
    if (file_ < 0) throw input_error(path.string(), last_error(), "make the folder writable");
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() { ::close(file_); }
  int number() const { return file_; }

 private:
  int file_;
};

std::filesystem::path temporary_of(std::filesystem::path path) { return path += ".partial"; }

constexpr int kNewFile = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;

}  // namespace

std::string last_error() { return std::strerror(errno); }

void write_all(int file, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw input_error(path.string(), last_error(), "make room on the disk");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void require_writable(const std::filesystem::path& path) {
  std::error_code ignored;
  // A rename would replace a device or a folder's name.
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored)) {
    throw input_error(path.string(), "is not an ordinary file", "give another name");
  }
  { const open_file file(temporary_of(path), kNewFile); }
  std::filesystem::remove(temporary_of(path), ignored);
}

void write_durably(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path temporary = temporary_of(path);
  try {
    const open_file file(temporary, kNewFile);
    write_all(file.number(), bytes, temporary);
    if (::fsync(file.number()) != 0) {
      throw input_error(temporary.string(), last_error(), "make room on the disk");
    }
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    throw input_error(path.string(), last_error(), "make the folder writable");
  }
  const open_file folder(path.has_parent_path() ? path.parent_path() : ".",
                         O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ::fsync(folder.number());
}

void write_lines_durably(const std::filesystem::path& path, std::span<const std::string> lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  write_durably(path, text);
}

}  // namespace pamkit::training
