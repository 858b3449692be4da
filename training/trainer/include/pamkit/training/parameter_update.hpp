#pragma once

#include <cstdint>

#include "pamkit/training/arm.hpp"
#include "pamkit/training/optimizer.hpp"
#include "pamkit/training/recipe.hpp"

namespace pamkit::training {

/// What follows on the gradients of an update (from 1): AdderNet's rate, clipping, and the
/// optimiser's step.
void update_parameters(const parameter_list& parameters, const recipe& what, const arm& products,
                       optimizer& rule, double rate, std::uint64_t update);

/// The first update at the recipe's highest rate, by a new optimiser.
void first_update(const parameter_list& parameters, const recipe& what, const arm& products);

}  // namespace pamkit::training
