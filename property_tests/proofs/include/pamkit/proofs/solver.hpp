#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace pamkit::proofs {

/// What the solver said of the three questions of a script: "sat", "unsat", "unknown", "timeout",
/// or "error" with its words.
struct verdicts {
  std::string vacuity = "timeout";    ///< whether the domain has any case; sat is right
  std::string statement = "timeout";  ///< whether any step has a counterexample; unsat is right
  std::string mutant = "timeout";     ///< whether the planted fault is seen; sat is right
  std::string error;                  ///< what the solver could not read, in its words
  std::string rest;  ///< what it printed besides, values of a counterexample for one
  double seconds = 0;

  bool are_expected() const {
    return error.empty() && vacuity == "sat" && statement == "unsat" && mutant == "sat";
  }
};

/// The z3 that PAMKIT_Z3 names, or the one on the PATH; nothing where there is none.
std::optional<std::string> find_solver();

/// Its name and version, as it tells them.
std::string solver_version(const std::string& solver);

/// Runs the solver on a script; what `should_stop` or the time limit cuts off stays "timeout".
/// Throws std::runtime_error, with the program and what it said, for one that ends without an
/// answer.
verdicts run_solver(const std::string& solver, const std::string& script,
                    std::chrono::duration<double> limit, const std::function<bool()>& should_stop);

}  // namespace pamkit::proofs
