#pragma once

#include <functional>
#include <string>
#include <vector>

#include "workload.hpp"

/// Rivals of the kernels. Each is one file in baselines/ that defines `baseline baselines::NAME()`.
/// All files are compiled once for each instruction set, with whatever instructions that has, FMA
/// included, into one module for each; modules are loaded at run time so that templates compiled
/// twice never meet.

namespace pamkit::benchmarks {

/// Something that can be timed.
struct contender {
  std::string name;
  double work = 0;  ///< of one call, in the unit of its case: terms or elements
  std::function<void()> run;
};

struct baseline {
  std::string name;
  std::string description;
  /// Why it is not there; empty if it is.
  std::string absent;
  /// The task made ready; a contender without `run` where the baseline has nothing for it. The
  /// operands outlive the contender.
  std::function<contender(const workload&)> prepare;
};

/// The one symbol of a module.
extern "C" void pamkit_list_baselines(std::vector<baseline>& found);
using list_baselines_function = void(std::vector<baseline>&);

}  // namespace pamkit::benchmarks
