#pragma once

#include <exception>

namespace pamkit::training {

/// From here on Ctrl-C and SIGTERM only set a flag, which a run looks at after each step, and say
/// so on standard error at once if `says`. The second one ends the program.
void catch_interruptions(bool says);
bool interruption_requested();

/// Thrown when a run has saved its state after an interruption; the program exits with 130.
class interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

}  // namespace pamkit::training
