#include "pamkit/training/interruption.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

namespace pamkit::training {
namespace {

volatile std::sig_atomic_t requested = 0;
volatile std::sig_atomic_t is_said = 0;

// A line of its own also where a progress line is shown.
constexpr std::string_view kSaid =
    "\npamkit: stopping after this step; once more ends it at once\n";

// The second time the signal does what it does by itself: nobody has to wait for a step.
void remember(int signal) {
  requested = 1;
  std::signal(signal, SIG_DFL);
  if (is_said == 0) return;
  const int before = errno;
  const std::string_view text = ::isatty(STDERR_FILENO) == 1 ? kSaid : kSaid.substr(1);
  static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) < 0);  // nobody to tell
  errno = before;
}

}  // namespace

void catch_interruptions() {
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
}

void say_interruptions() { is_said = 1; }

bool interruption_requested() { return requested != 0; }

}  // namespace pamkit::training
