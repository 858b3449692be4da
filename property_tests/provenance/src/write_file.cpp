#include "pamkit/provenance/write_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace pamkit::provenance {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, int error) {
  throw std::runtime_error("cannot write " + path.string() + ": " +
                           std::generic_category().message(error));
}

void write_all(int descriptor, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(path, written == 0 ? EIO : errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// A file that is removed again unless it was renamed.
class temporary_file {
 public:
  explicit temporary_file(const fs::path& beside)
      : target_(beside), name_(beside.string() + ".XXXXXX"), descriptor_(mkstemp(name_.data())) {
    if (descriptor_ < 0) fail(target_, errno);
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!renamed_) unlink(name_.c_str());
  }

  void write(std::string_view text) { write_all(descriptor_, text, target_); }

  void rename() {
    // mkstemp makes the file private; a result is as readable as any other new file.
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(descriptor_, 0666 & ~mask) != 0 || fsync(descriptor_) != 0) fail(target_, errno);
    if (::rename(name_.c_str(), target_.c_str()) != 0) fail(target_, errno);
    renamed_ = true;
  }

 private:
  fs::path target_;
  std::string name_;
  int descriptor_;
  bool renamed_ = false;
};

// An open file that is closed, and may say only then that it was not written.
class open_file {
 public:
  open_file(int descriptor, fs::path path) : path_(std::move(path)), descriptor_(descriptor) {
    if (descriptor_ < 0) fail(path_, errno);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  void write(std::string_view text) {
    write_all(descriptor_, text, path_);
    if (close(std::exchange(descriptor_, -1)) != 0) fail(path_, errno);
  }

 private:
  fs::path path_;
  int descriptor_;
};

// N of /proc/self/fd/N, which /dev/stdout and /dev/fd/N lead to: a link to what is open there, by a
// name that need not exist.
std::optional<int> own_descriptor(const fs::path& path) {
  const std::string name = path.filename();
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  std::error_code ignored;
  if (!fs::equivalent(path.parent_path(), "/proc/self/fd", ignored)) return std::nullopt;
  return number;
}

}  // namespace

destination destination_of(const fs::path& path) {
  constexpr int kMostLinks = 40;  // as Linux
  fs::path file = path;
  for (int i = 0; i <= kMostLinks; ++i) {
    if (own_descriptor(file)) return {file, false};
    std::error_code error;
    const fs::file_status status = fs::symlink_status(file, error);
    switch (status.type()) {
      case fs::file_type::symlink: {
        const fs::path target = fs::read_symlink(file, error);
        if (error) fail(path, error.value());
        file = file.parent_path() / target;  // the target alone where it is absolute
        continue;
      }
      case fs::file_type::directory:
        fail(path, EISDIR);
      case fs::file_type::regular:
      case fs::file_type::not_found:
        return {file, true};
      case fs::file_type::none:
        fail(path, error.value());
      default:
        return {file, false};
    }
  }
  fail(path, ELOOP);
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  const destination to = destination_of(path);
  if (!to.is_replaced) {
    const auto number = own_descriptor(to.file);
    open_file file(number ? dup(*number) : open(to.file.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY),
                   path);
    file.write(text);
    return;
  }
  if (to.file.has_parent_path()) {
    std::error_code error;
    fs::create_directories(to.file.parent_path(), error);
    if (error) fail(path, error.value());
  }
  temporary_file file(to.file);
  file.write(text);
  file.rename();
}

void require_writable(const fs::path& path, bool force) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    throw std::runtime_error("cannot write " + path.string() +
                             ": it is a directory; name another place");
  }
  destination to;
  try {
    to = destination_of(path);
  } catch (const std::exception& error) {
    throw std::runtime_error(std::string(error.what()) + "; name a place that can be written");
  }
  const fs::path& file = to.file;
  if (!to.is_replaced) {  // a device or a FIFO: it has no contents to look at
    if (access(file.c_str(), W_OK) != 0) {
      throw std::runtime_error("cannot write " + path.string() + ": " + std::strerror(errno) +
                               "; name a place that can be written");
    }
    return;
  }
  // The nearest folder above that exists is where files and folders would be made.
  fs::path folder = fs::absolute(file).parent_path();
  while (!fs::exists(folder, ignored) && folder.has_relative_path()) folder = folder.parent_path();
  if (!fs::is_directory(folder, ignored)) {
    throw std::runtime_error("cannot write " + file.string() + ": " + folder.string() +
                             " is no folder; name another place");
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw std::runtime_error("cannot write " + file.string() + ": " + folder.string() + ": " +
                             std::strerror(errno) + "; name a place that can be written");
  }
  if (force || !fs::exists(file, ignored)) return;
  std::string start(200, '\0');
  std::ifstream(file, std::ios::binary)
      .read(start.data(), static_cast<std::streamsize>(start.size()));
  if (start.find("\"pamkit.") == std::string::npos) {
    throw std::runtime_error(file.string() +
                             " exists and was not written by pamkit; name another --out, or say "
                             "--force");
  }
}

void require_distinct(const std::vector<fs::path>& files) {
  std::map<fs::path, fs::path> seen;
  for (const fs::path& file : files) {
    if (file.empty() || file == "-") continue;
    const destination to = destination_of(file);
    if (!to.is_replaced) continue;
    const auto [it, is_new] = seen.emplace(fs::weakly_canonical(fs::absolute(to.file)), file);
    if (is_new) continue;
    throw std::runtime_error("cannot write both " + it->second.string() + " and " + file.string() +
                             ": they are one file; name two");
  }
}

}  // namespace pamkit::provenance
