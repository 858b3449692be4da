#pragma once

#include <span>
#include <vector>

#include "pamkit/cuda/execution.hpp"
#include "pamkit/cuda/layer_plan.hpp"

namespace pamkit::cuda {

/// Runs a plan on memory of this process and gives its results.
std::vector<tensor> run_plan(executor execute, const layer_plan& plan,
                             std::span<const tensor> operands);

}  // namespace pamkit::cuda
