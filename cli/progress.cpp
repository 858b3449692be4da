#include "progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace pamkit::cli {
namespace {

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::min(std::ceil(std::max(seconds, 0.0)), 1e9));
  const std::int64_t hours = whole / 3600;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

progress_line::progress_line(bool quiet) : shown_(!quiet && isatty(STDERR_FILENO) != 0) {}

progress_line::~progress_line() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void progress_line::update(double done, double total, std::string_view unit,
                           std::string_view what) {
  const clock::time_point now = clock::now();
  if (!shown_ || now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double share = total > 0 ? done / total : 0;
  std::string line = fmt::format("{:3.0f} %", 100 * share);
  if (!unit.empty())
    line += fmt::format("  {:.0f} of {:.0f} {}, {:.1f}/s", done, total, unit, done / elapsed);
  if (done > 0) line += fmt::format("  {} left", duration_text(elapsed * (total - done) / done));
  line += fmt::format("  {}", what);
  line.resize(std::min(line.size(), terminal_width() - 1));
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace pamkit::cli
