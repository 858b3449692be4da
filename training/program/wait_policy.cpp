#include "wait_policy.hpp"

#include <unistd.h>

#include <cstdlib>

namespace pamkit::training {

void let_waiting_threads_sleep(char** arguments) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  // Some tens of microseconds: the usual gap between two parallel loops of a step.
  if (::setenv("GOMP_SPINCOUNT", "10000", 1) != 0) return;
  ::execv("/proc/self/exe", arguments);  // returns only where that is not possible
}

}  // namespace pamkit::training
