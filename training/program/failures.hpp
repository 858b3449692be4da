#pragma once

#include "pamkit/training/workers.hpp"

namespace pamkit::training {

/// Exit codes of all programs of this project.
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kInterrupted = 130;

/// The exit code and the line of the exception that is being handled.
failure current_failure();

/// Says the line on standard error, once for all processes that mpirun started together; returns
/// the exit code.
int complain(const failure& f);

}  // namespace pamkit::training
