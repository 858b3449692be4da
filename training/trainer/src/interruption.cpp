#include "pamkit/training/interruption.hpp"

#include <csignal>

namespace pamkit::training {
namespace {

volatile std::sig_atomic_t requested = 0;

// The second time the signal does what it does by itself: nobody has to wait for a step.
void remember(int signal) {
  requested = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void catch_interruptions() {
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
}

bool interruption_requested() { return requested != 0; }

}  // namespace pamkit::training
