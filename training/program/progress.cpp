#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <utility>

namespace pamkit::training {
namespace {

constexpr double kSecondsBetween = 0.2;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string duration_text(double seconds) {
  const auto s = static_cast<std::uint64_t>(seconds);
  if (s >= 3600) return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
  return s >= 60 ? fmt::format("{} min {:02} s", s / 60, s % 60) : fmt::format("{} s", s);
}

}  // namespace

terminal_line::terminal_line(bool quiet) : shown_(!quiet && ::isatty(STDERR_FILENO) == 1) {}

bool terminal_line::is_due() const {
  return shown_ && (!visible_ || now() - last_shown_ >= kSecondsBetween);
}

void terminal_line::show(const std::string& text) {
  if (!shown_) return;
  last_shown_ = now();
  fmt::print(stderr, "\r\033[K{}", text);
  std::fflush(stderr);
  visible_ = true;
}

void terminal_line::clear() {
  if (visible_) fmt::print(stderr, "\r\033[K");
  visible_ = false;
}

share_line::share_line(std::string work, bool quiet)
    : work_(std::move(work)), started_(now()), line_(quiet) {}

void share_line::show(double share) {
  if (!line_.is_due()) return;
  std::string text = fmt::format("{}: {:.0f} %", work_, 100 * share);
  if (share > 0) {
    text += fmt::format(", {} left", duration_text((now() - started_) * (1 - share) / share));
  }
  line_.show(text);
}

void progress_line::show(const run_progress& at) {
  if (run_ != at.folder) {
    run_ = at.folder;
    first_step_ = at.step;
    run_started_ = now();
  }
  last_step_ = at.step;
  if (!line_.is_due()) return;
  std::string text = fmt::format("{}: {} ", at.folder, at.phase);
  if (at.phase == "train") {
    text += fmt::format("step {}/{}, loss {:.3f}, {:.0f} a second", at.step, at.total_steps,
                        at.loss, at.items_per_second);
    const std::uint64_t made = measured_ + at.step - first_step_;
    const double spent = measured_seconds_ + now() - run_started_;
    const std::uint64_t done = before_ + at.step;
    if (made > 0 && expected_ > done) {
      text += fmt::format(", {} left", duration_text(spent / static_cast<double>(made) *
                                                     static_cast<double>(expected_ - done)));
    }
  }
  line_.show(text);
}

void progress_line::finish_run(std::uint64_t steps) {
  before_ += steps;
  measured_ += last_step_ - first_step_;
  if (!run_.empty()) measured_seconds_ += now() - run_started_;
  first_step_ = last_step_ = 0;
  run_.clear();
  clear();
}

}  // namespace pamkit::training
