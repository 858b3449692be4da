#pragma once

#include <nlohmann/json.hpp>

namespace pamkit::training {

/// What every operator of one training step multiplies, schema pamkit.operators/1, for `pamkit
/// audit`: of every recipe of the program, made small, with its own layers, losses, augmentation
/// and optimiser; of every arithmetic that has a derivative, in every scope that it can have (exact
/// in scope matmul alone), and in the widest with exact derivatives where it has those.
///
/// "scopes" names the scopes, the narrowest first. "steps" holds for each of these "recipe",
/// "settings" (what differs from the recipe), "arithmetic", "scope", "derivative",
/// "multiplies_by_definition" (null, or why), and "operators" and "not_counted" as in
/// statistics.json.
///
/// Data are made for it in a temporary folder. Equal bits on each call.
nlohmann::ordered_json operators_of_steps();

}  // namespace pamkit::training
