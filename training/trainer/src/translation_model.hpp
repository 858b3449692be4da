#pragma once

#include "pamkit/training/recipe.hpp"
#include "pamkit/training/text_codec.hpp"
#include "pamkit/training/transformer.hpp"

namespace pamkit::training {

/// The recipe's transformer for the pieces of a codec.
transformer_settings translation_model_settings(const recipe& what, const text_codec& codec);

}  // namespace pamkit::training
