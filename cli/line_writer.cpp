#include "line_writer.hpp"

#include <fmt/format.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "failure.hpp"

namespace pamkit::cli {
namespace {

bool is_file(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

line_writer::line_writer(int descriptor, std::string name)
    : descriptor_(descriptor),
      name_(std::move(name)),
      buffer_(is_file(descriptor) ? std::size_t{1} << 18 : std::size_t{PIPE_BUF}) {}

char* line_writer::reserve(std::size_t size) {
  if (used_ + size > buffer_.size()) flush();
  if (size > buffer_.size()) buffer_.resize(size);  // longer than a pipe takes at once
  return buffer_.data() + used_;
}

bool line_writer::flush() {
  std::size_t done = 0;
  while (done < used_ && !closed_) {
    const ssize_t count = write(descriptor_, buffer_.data() + done, used_ - done);
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno == EPIPE) {
      closed_ = true;
    } else if (errno != EINTR) {
      throw failure(fmt::format("{}: {}; write to a place with room, or to a pipe", name_,
                                std::strerror(errno)));
    }
  }
  used_ = 0;
  return !closed_;
}

}  // namespace pamkit::cli
