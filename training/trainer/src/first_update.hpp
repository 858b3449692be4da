#pragma once

#include "pamkit/training/arm.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/task.hpp"

namespace pamkit::training {

/// What follows on the gradients of a first update at the recipe's highest rate: AdderNet's rate,
/// clipping, and a new optimiser's step.
void first_update(task& of, const recipe& what, const arm& products);

}  // namespace pamkit::training
