#include "file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "failure.hpp"

namespace pamkit::cli {

file_lock::file_lock(const std::filesystem::path& file) {
  const auto refuse = [&](const char* reason) {
    if (descriptor_ >= 0) close(descriptor_);
    throw failure(fmt::format("cannot write {}: {}; name a place that can be written",
                              file.string(), reason));
  };
  while (true) {
    descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (descriptor_ < 0) refuse(std::strerror(errno));
    struct stat held {};
    fstat(descriptor_, &held);
    if (!S_ISREG(held.st_mode)) refuse("it is no regular file");
    if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) refuse(std::strerror(errno));
      close(descriptor_);
      throw failure(
          fmt::format("another process is at work in {}; wait for it, or name another --out",
                      file.parent_path().string()));
    }
    // The process that held it before may have removed it since it was opened here.
    struct stat there {};
    if (stat(file.c_str(), &there) == 0 && there.st_ino == held.st_ino &&
        there.st_dev == held.st_dev) {
      return;
    }
    close(descriptor_);
  }
}

file_lock::~file_lock() { close(descriptor_); }

}  // namespace pamkit::cli
