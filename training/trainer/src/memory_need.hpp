#pragma once

#include "pamkit/training/recipe.hpp"
#include "pamkit/training/task.hpp"

namespace pamkit::training {

/// Where memory does not suffice LibTorch ends the process, or the machine does after it has slowed
/// down: what is known to be too much is refused before. These bounds are from below; what passes
/// may be too much still.

/// Throws input_error where this machine has less memory than the parameters, their gradients and
/// moments, and the largest part of an update.
void require_memory_to_train(const recipe& what, const dataset& data);

/// The same for the parameters alone.
void require_memory_to_use(const recipe& what);

/// Parameters of the recipe's model at least: the matrices of its layers, without what the data
/// decide (vocabulary, classes).
double least_parameters(const recipe& what);

}  // namespace pamkit::training
