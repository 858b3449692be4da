#include "interruption.hpp"

#include <signal.h>
#include <unistd.h>

#include "failure.hpp"

namespace pamkit::cli {
namespace {

std::atomic<bool> graceful{false};
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler needs it");

extern "C" void on_interruption(int) {
  if (graceful && !interrupted.exchange(true)) return;
  _exit(static_cast<int>(exit_code::interrupted));
}

}  // namespace

void install_signal_handlers() {
  signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = on_interruption;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

graceful_interruption::graceful_interruption() { graceful = true; }

graceful_interruption::~graceful_interruption() { graceful = false; }

const std::atomic<bool>& graceful_interruption::requested() const { return interrupted; }

}  // namespace pamkit::cli
