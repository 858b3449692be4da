#pragma once

#include <exception>

namespace pamkit::training {

/// From here on Ctrl-C and SIGTERM only set a flag, which a run looks at after each step. The second
/// one ends the program.
void catch_interruptions();
/// From here on they say so at once on standard error. Not before there are steps: of workers that
/// refuse what they are asked, the one that ends first has the others ended by SIGTERM.
void say_interruptions();
bool interruption_requested();

/// Thrown when a run has saved its state after an interruption; the program exits with 130.
class interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

}  // namespace pamkit::training
