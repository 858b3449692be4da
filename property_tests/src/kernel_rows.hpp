#pragma once

#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {

/// Adds to the rows of a task one for each kernel that the task has launched on this thread: its
/// results were judged with those of the operations that it computes.
void add_kernel_rows(const suite_options& options, std::vector<result>& rows);

/// Forgets what this thread has launched so far.
void forget_launches(const suite_options& options);

/// Adds a row for each kernel that no row is about: it was not run.
void add_missing_kernel_rows(const suite_options& options, std::vector<result>& rows);

}  // namespace pamkit::properties
