#pragma once

#include "pamkit/backend.hpp"

namespace pamkit {

/// Computes a contraction of `kind` by `compute` on up to `threads` (>= 1) threads, the calling one
/// included, with oneTBB. The output is cut into tiles that any thread may take; every element
/// keeps its whole sum, so its bits are those of compute(rules, problem), whatever the number of
/// threads. Small problems stay on the calling thread. An exception of `compute` is passed on.
void contract_in_parallel(contraction_function compute, const policy<binary32>& rules,
                          contraction_kind kind, const contraction_problem& problem, int threads);

}  // namespace pamkit
