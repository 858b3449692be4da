#pragma once

#include <stdexcept>

#include "pamkit/training/workers.hpp"

namespace pamkit::training {

/// Exit codes of all programs of this project.
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kMissing = 3;
inline constexpr int kInterrupted = 130;

/// An asked backend or device is not there; one line.
struct not_there : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The exit code and the line of the exception that is being handled.
failure current_failure();

/// From here on LibTorch throws where it finds no memory, where it would end the process by a signal.
void throw_where_memory_ends();

/// Says the line on standard error, once for all processes that mpirun started together; returns
/// the exit code.
int complain(const failure& f);

}  // namespace pamkit::training
